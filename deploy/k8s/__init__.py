"""Soundstage on Kubernetes: the manifests (kustomize), and the program that brings them to a cluster."""
