import { Component } from "@odoo/owl";
import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** Questions with their answers, when and by whom. */
export class ExplanationField extends Component {
    static template = "finance_connector_base.ExplanationField";
    static props = { ...standardFieldProps };

    get entries() {
        return (this.props.record.data[this.props.name] || []).map((entry) => ({
            ...entry,
            time: entry.at ? formatDateTime(deserializeDateTime(entry.at)) : "",
        }));
    }
}

registry.category("fields").add("finance_explanation", {
    component: ExplanationField,
    supportedTypes: ["json"],
});
