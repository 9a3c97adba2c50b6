"""People at a terminal: `coster init serve demo verify import bench keys db sessions`. Each command in a file of its own."""
