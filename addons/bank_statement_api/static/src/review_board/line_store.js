import { markRaw, reactive } from "@odoo/owl";

const MOST_ROWS = 200;

/**
 * The lines that the board shows: their ids in order, and the rows that were asked for so far.
 *
 * The ids are an array that is replaced, never changed, and the rows a plain map: ten thousand of them need no
 * watching. `version` counts up when one of them changed.
 */
export class LineStore {
    constructor(api) {
        this.api = api;
        this.ids = markRaw([]);
        this.rows = markRaw(new Map());
        this.version = 0;
        this.asked = new Set();
    }

    static make(api) {
        return reactive(new LineStore(api));
    }

    replace(ids, rows) {
        this.ids = markRaw(ids);
        this.rows = markRaw(new Map(rows.map((row) => [row.id, row])));
        this.asked.clear();
        this.version++;
    }

    /** Ask for the rows of these ids that are not here yet. */
    async want(ids) {
        const missing = ids
            .filter((id) => !this.rows.has(id) && !this.asked.has(id))
            .slice(0, MOST_ROWS);
        if (!missing.length) {
            return;
        }
        const { rows } = this;
        missing.forEach((id) => this.asked.add(id));
        const found = await this.api.rows(missing).finally(() => missing.forEach((id) => this.asked.delete(id)));
        // Otherwise the filter changed while we waited.
        if (rows === this.rows) {
            this.remove(missing.filter((id) => !found.some((row) => row.id === id)));
            this.set(found);
        }
    }

    set(rows) {
        for (const row of rows) {
            this.rows.set(row.id, row);
        }
        this.version++;
    }

    remove(ids) {
        const gone = new Set(ids);
        if (gone.size) {
            this.ids = markRaw(this.ids.filter((id) => !gone.has(id)));
        }
    }
}
