def uninstall_hook(env):
    """The tables of others must not go on writing into a table that is about to vanish."""
    env["reporting.change"]._unwatch_all()
