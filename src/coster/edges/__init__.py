"""Where the world talks to us and we to it; an edge reads, and sends commands, and nothing else."""
