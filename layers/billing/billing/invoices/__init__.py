"""Invoices and credit notes: what is on them, what tax they bear, how they are chained, and how they are shown (design §13).

It does not own what usage costs (`pricing/`), nor reading, numbering and storing documents (`database/`, `operations/`).

What others call, each once for a document:

- `parties`: `BillingProfile` and `Seller`, the bodies of their requests and what a document copies.
- `lines`: `due_lines` and `covered_lines` for each campaign and month, `manual_line` for each manual adjustment.
- `compose`: `compose` the lines into a `Document`, or `credit_note` an issued one; then `issue` it as an `IssuedDocument`.
- `numbers`: `day_of_issue` and `number_text`, which `issue` needs.
- `chain`: `fingerprint` of a stored document's JSON, and the `breaks` of a chain.
- `csv_document`, `html_document`, `ubl_document`, `pdf_document` in `csv`, `html`, `ubl` and `pdf`; the last needs typst.
"""
