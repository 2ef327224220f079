"""Ways to run Soundstage: `local` on one machine, `images` and `k8s` in a cluster."""
