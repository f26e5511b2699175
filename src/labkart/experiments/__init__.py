"""From conf/ to finished experiments: configuration, plan, build, sweep, cluster."""
