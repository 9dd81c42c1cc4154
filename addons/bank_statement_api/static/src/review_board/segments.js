/**
 * Cut a text at the places that a candidate rests on.
 *
 * @param {string} text
 * @param {{start: number, end: number, kind: string}[]} spans in any order; overlapping ones are joined
 * @returns {{text: string, kind: string}[]} parts in order; `kind` is empty where nothing is marked
 */
export function segments(text, spans) {
    const parts = [];
    let done = 0;
    for (const { start, end, kind } of [...spans].sort((one, other) => one.start - other.start)) {
        const from = Math.max(start, done);
        const to = Math.min(end, text.length);
        if (to <= from) {
            continue;
        }
        if (from > done) {
            parts.push({ text: text.slice(done, from), kind: "" });
        }
        parts.push({ text: text.slice(from, to), kind });
        done = to;
    }
    if (done < text.length) {
        parts.push({ text: text.slice(done), kind: "" });
    }
    return parts;
}
