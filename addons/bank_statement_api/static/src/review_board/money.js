import { formatCurrency, getCurrency } from "@web/core/currency";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";

/** Decimal text of the server as people read it; an empty text stays empty. */
export function money(text, currencyId) {
    return text === "" ? "" : formatCurrency(parseFloat(text), currencyId);
}

export function day(text) {
    return text ? formatDate(deserializeDate(text)) : "";
}

export function decimals(currencyId) {
    return getCurrency(currencyId)?.digits?.[1] ?? 2;
}

/**
 * An amount as a whole number of the smallest unit, so that sums are exact.
 *
 * @param {string} text decimal text, with a point or a comma
 * @param {number} places decimals of the currency
 * @returns {number | null} null where it is no such amount
 */
export function minor(text, places) {
    const found = /^\s*(-?)(\d+)(?:[.,](\d*))?\s*$/.exec(text);
    if (!found || (found[3] || "").length > places) {
        return null;
    }
    const digits = `${found[2]}${(found[3] || "").padEnd(places, "0")}`;
    return Number(digits) * (found[1] ? -1 : 1);
}

/** The other way round: decimal text as the server reads it. */
export function decimalText(units, places) {
    const digits = String(Math.abs(units)).padStart(places + 1, "0");
    const whole = places ? digits.slice(0, -places) : digits;
    return `${units < 0 ? "-" : ""}${whole}${places ? "." + digits.slice(-places) : ""}`;
}
