import { Component, onMounted, useRef, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { serializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";

const { DateTime } = luxon;

/** Until when a line is put aside. */
export class PostponeDialog extends Component {
    static template = "bank_statement_api.PostponeDialog";
    static components = { Dialog };
    static props = { done: Function, close: Function };

    setup() {
        const today = DateTime.now().startOf("day");
        this.tomorrow = serializeDate(today.plus({ days: 1 }));
        this.choices = [
            { label: _t("Tomorrow"), day: this.tomorrow },
            { label: _t("In a week"), day: serializeDate(today.plus({ weeks: 1 })) },
            { label: _t("Next month"), day: serializeDate(today.plus({ months: 1 }).startOf("month")) },
        ];
        this.state = useState({ day: this.choices[1].day });
        // Odoo's useAutofocus selects text, which a day has not.
        const input = useRef("input");
        onMounted(() => input.el.focus());
    }

    get isValid() {
        return this.state.day >= this.tomorrow;
    }

    onKeydown(ev) {
        if (ev.key === "Enter" && !ev.ctrlKey) {
            ev.preventDefault();
            this.done(this.state.day);
        }
    }

    done(day) {
        if (day >= this.tomorrow) {
            this.props.close();
            this.props.done(day);
        }
    }
}
