"""Pictures of flows: what is said of them in words, where it stands, and the same as SVG and as Mermaid."""
