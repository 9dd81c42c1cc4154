def uninstall_hook(env):
    """The tables of others must not go on writing into a table that is about to vanish, and what keeps contracts from
    being deleted vanishes first.
    """
    env["reporting.change"]._unwatch_all()
    env["reporting.run"].search([]).unlink()
    env["reporting.export"].search([]).unlink()
    env["reporting.dataset"].search([]).active_contract_id = False
    env["reporting.contract"].search([]).write({"state": "draft"})
    env.flush_all()
