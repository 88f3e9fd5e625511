"""Survey definitions, one TOML file each."""
