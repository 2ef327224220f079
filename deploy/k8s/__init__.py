"""Soundstage on Kubernetes: the manifests (kustomize), and the program that deploys them."""
