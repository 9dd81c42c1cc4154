"""What the commands in ``setup/`` share. Standard library only: it runs before anything is installed."""
