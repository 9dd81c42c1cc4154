import { Component, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { useAutofocus } from "@web/core/utils/hooks";

/** Ask for a sentence: why a line is ignored, or what a colleague is asked. */
export class WordsDialog extends Component {
    static template = "bank_statement_api.WordsDialog";
    static components = { Dialog };
    static props = { title: String, label: String, button: String, done: Function, close: Function };

    setup() {
        this.state = useState({ text: "" });
        useAutofocus({ refName: "input" });
    }

    onKeydown(ev) {
        if (ev.key === "Enter" && !ev.shiftKey && !ev.ctrlKey) {
            ev.preventDefault();
            this.done();
        }
    }

    done() {
        const text = this.state.text.trim();
        if (text) {
            this.props.close();
            this.props.done(text);
        }
    }
}
