"""The one public door: five REST contracts, signed media, limits and identity over the services' gRPC calls."""
