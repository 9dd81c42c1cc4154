import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { session } from "@web/session";

const LABELS = {
    production: _t("PRODUCTION"),
    test: _t("TEST"),
    sandbox: _t("SANDBOX"),
    invalid: _t("ENVIRONMENT NOT VALID"),
};

/** Says in every screen which environment the server was declared to be, and that nothing is sent after a restore. */
export class EnvironmentBanner extends Component {
    static template = "finance_connector_base.EnvironmentBanner";
    static props = {};

    setup() {
        this.environment = session.finance_environment;
    }

    get label() {
        return LABELS[this.environment.name];
    }
}

if (session.finance_environment) {
    registry
        .category("systray")
        .add(
            "finance_connector_base.environment",
            { Component: EnvironmentBanner },
            { sequence: 1000 }
        );
}
