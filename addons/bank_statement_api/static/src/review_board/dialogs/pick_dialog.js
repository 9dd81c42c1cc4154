import { Component, onWillStart, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { KeepLast } from "@web/core/utils/concurrency";
import { useAutofocus } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";

const MOST = 40;
const SEARCH_MS = 200;

/** Choose one of many with a few keys: write some letters, arrows, Enter. */
export class PickDialog extends Component {
    static template = "bank_statement_api.PickDialog";
    static components = { Dialog };
    static props = {
        title: String,
        nothing: String,
        items: { type: Array, optional: true },
        // Asks the server instead of looking through `items`.
        search: { type: Function, optional: true },
        // Lets a new one be made.
        create: { type: Function, optional: true },
        text: { type: String, optional: true },
        pick: Function,
        close: Function,
    };
    static defaultProps = { items: [], text: "" };

    setup() {
        this.state = useState({ text: this.props.text, found: [], place: 0, isSearched: false });
        this.keepLast = new KeepLast();
        useAutofocus({ refName: "input", selectAll: true });
        this.searchSoon = useDebounced(() => this.find(), SEARCH_MS);
        onWillStart(() => this.find());
    }

    async find() {
        const text = this.state.text.trim().toLowerCase();
        this.state.found = this.props.search
            ? await this.keepLast.add(this.props.search(this.state.text.trim()))
            : this.props.items
                  .filter((item) => `${item.name} ${item.note}`.toLowerCase().includes(text))
                  .slice(0, MOST);
        this.state.place = 0;
    }

    onInput(ev) {
        this.state.text = ev.target.value;
        if (this.props.search) {
            this.searchSoon();
        } else {
            this.find();
        }
    }

    onKeydown(ev) {
        const step = { ArrowDown: 1, ArrowUp: -1 }[ev.key];
        if (step) {
            ev.preventDefault();
            const last = this.state.found.length - 1;
            this.state.place = Math.max(0, Math.min(last, this.state.place + step));
        } else if (ev.key === "Enter" && !ev.ctrlKey) {
            ev.preventDefault();
            this.pick(this.state.found[this.state.place]);
        }
    }

    pick(item) {
        if (item) {
            this.props.close();
            this.props.pick(item);
        }
    }

    create() {
        this.props.close();
        this.props.create(this.state.text);
    }
}
