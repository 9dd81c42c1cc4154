"""Why a payment was refused or came back, in words.

ISO 20022 ExternalStatusReason1Code and ExternalReturnReason1Code, the ones banks use for payments
(https://www.iso20022.org/catalogue-messages/additional-content-messages/external-code-sets).
"""

_WORDS = {
    "AC01": "the account number is wrong",
    "AC03": "the account number of the recipient is wrong",
    "AC04": "the account is closed",
    "AC06": "the account is blocked",
    "AG01": "this kind of payment is not allowed on the account",
    "AG02": "the bank does not know this kind of transaction",
    "AM01": "the amount is zero",
    "AM02": "the amount is above the limit",
    "AM03": "the currency is not possible here",
    "AM04": "there was not enough money on the account",
    "AM05": "the bank has this payment already",
    "AM09": "the amount is wrong",
    "BE01": "the name does not fit the account",
    "BE04": "the address of the recipient is missing",
    "BE05": "the initiating party is not known",
    "CNOR": "the recipient's bank takes no part in this scheme",
    "CURR": "the currency of the payment is wrong",
    "CUST": "the customer asked for it",
    "DNOR": "the payer's bank takes no part in this scheme",
    "DT01": "the date is wrong",
    "DUPL": "it was sent twice",
    "ED05": "the settlement failed",
    "FF01": "the file format is wrong",
    "FOCR": "it came back after a recall",
    "MD01": "there is no valid mandate",
    "MD06": "the payer asked for the money back",
    "MD07": "the account holder has died",
    "MS02": "the customer gave no reason",
    "MS03": "the bank gave no reason",
    "NARR": "see the bank's own words",
    "RC01": "the bank identifier is wrong",
    "RR01": "the payer's account is missing for the regulator",
    "RR02": "the payer's name or address is missing for the regulator",
    "RR03": "the recipient's name or address is missing for the regulator",
    "RR04": "the regulator's rules",
    "SL01": "a service of the payer's bank",
    "TM01": "it came after the cut-off time",
}


def describe_reason(reason):
    """Return code and words of a :class:`StatusReason`, the bank's own text included."""
    code = reason.code or reason.proprietary or ""
    words = [_WORDS.get(code, ""), *reason.texts]
    told = "; ".join(part for part in words if part)
    return ": ".join(part for part in (code, told) if part)
