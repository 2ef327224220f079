"""Ways to run Soundstage: `local` on one machine, `k8s` in a cluster."""
