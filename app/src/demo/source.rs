//! The CSV files, read whole and strictly: a bad row stops everything before the first call, with its file and line.

use csv::StringRecord;
use paas_types::{Amount, Date, Exact, Price, Quantity, Rate};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::str::FromStr;

/// The sample company.
pub(super) struct Source {
    /// Who buys, in file order.
    pub(super) customers: Vec<Party>,
    /// Who delivers to the company, in file order.
    pub(super) suppliers: Vec<Party>,
    /// What is sold, in file order.
    pub(super) products: Vec<Product>,
    /// The orders by number.
    pub(super) orders: Vec<Order>,
}

/// A customer or supplier.
pub(super) struct Party {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) contact: String,
    pub(super) phone: String,
    /// Street, city, region, postal code and country in one text; empty parts left out.
    pub(super) address: String,
}

/// A product.
pub(super) struct Product {
    /// `NW-` and the code of the file.
    pub(super) code: String,
    pub(super) name: String,
    pub(super) category: String,
    pub(super) list_price: Price,
    /// 60 % of the list price, rounded to cents half away from zero.
    pub(super) purchase_price: Amount,
    pub(super) opening_stock: Quantity,
    pub(super) reorder_level: Quantity,
}

/// An order.
pub(super) struct Order {
    pub(super) number: u32,
    pub(super) customer: String,
    pub(super) ordered: Date,
    pub(super) required: Option<Date>,
    /// `None` when it was never shipped.
    pub(super) shipped: Option<Date>,
    /// In file order; never empty.
    pub(super) lines: Vec<Line>,
}

/// A line of an order.
pub(super) struct Line {
    /// Code of the product, with `NW-`.
    pub(super) product: String,
    pub(super) quantity: Quantity,
    pub(super) unit_price: Price,
    pub(super) discount: Rate,
}

impl Source {
    /// Reads a directory; the error names file and line.
    pub(super) fn read(dir: &Path) -> Result<Source, String> {
        let customers = unique(table(dir, "customers.csv", party)?)?;
        let suppliers = unique(table(dir, "suppliers.csv", party)?)?;
        let products = unique(table(dir, "products.csv", product)?)?;
        let mut lines: HashMap<u32, Vec<Line>> = HashMap::new();
        let known: HashSet<&str> = products.iter().map(|p| p.code.as_str()).collect();
        for (at, (number, line)) in table(dir, "order_lines.csv", order_line)? {
            if !known.contains(line.product.as_str()) {
                return Err(at.wrong("product_code", "names no product of products.csv"));
            }
            lines.entry(number).or_default().push(line);
        }
        let known: HashSet<&str> = customers.iter().map(|c| c.code.as_str()).collect();
        let mut orders: Vec<Order> = Vec::new();
        let mut numbers = HashSet::new();
        for (at, mut order) in table(dir, "orders.csv", order)? {
            if !known.contains(order.customer.as_str()) {
                return Err(at.wrong("customer_code", "names no customer of customers.csv"));
            }
            if !numbers.insert(order.number) {
                return Err(at.wrong("number", "stands there twice"));
            }
            order.lines = lines.remove(&order.number).ok_or_else(|| at.wrong("number", "has no line"))?;
            orders.push(order);
        }
        if let Some(number) = lines.keys().min() {
            return Err(format!("order_lines.csv has lines of order {number}, which orders.csv does not have."));
        }
        orders.sort_unstable_by_key(|order| order.number);
        Ok(Source { customers, suppliers, products, orders })
    }
}

/// Where a row stands.
struct At {
    file: &'static str,
    line: u64,
}

impl At {
    fn wrong(&self, column: &str, why: &str) -> String {
        format!("{}, line {}: {column} {why}.", self.file, self.line)
    }
}

/// One row with its place and the positions of the columns.
struct Row<'a> {
    at: At,
    columns: &'a StringRecord,
    values: &'a StringRecord,
}

impl Row<'_> {
    fn text(&self, column: &str) -> Result<&str, String> {
        let position = self.columns.iter().position(|name| name == column);
        let position = position.ok_or_else(|| format!("{} has no column {column}.", self.at.file))?;
        Ok(self.values.get(position).unwrap_or_default().trim())
    }

    fn filled(&self, column: &str) -> Result<String, String> {
        let text = self.text(column)?;
        if text.is_empty() { Err(self.at.wrong(column, "is empty")) } else { Ok(text.to_owned()) }
    }

    fn read<T: FromStr>(&self, column: &str, what: &str) -> Result<T, String> {
        let text = self.text(column)?;
        text.parse().map_err(|_| self.at.wrong(column, &format!("“{text}” is not {what}")))
    }

    /// A number that is not below zero.
    fn number<const S: u32>(&self, column: &str) -> Result<paas_types::Fixed<S>, String> {
        let number: paas_types::Fixed<S> = self.read(column, "a number")?;
        if number.is_negative() { Err(self.at.wrong(column, "is negative")) } else { Ok(number) }
    }

    fn day(&self, column: &str) -> Result<Option<Date>, String> {
        if matches!(self.text(column)?, "" | "NULL") {
            return Ok(None);
        }
        self.read(column, "a date like 1996-07-04").map(Some)
    }
}

/// All rows of a file, each read by `read`.
fn table<T>(dir: &Path, file: &'static str, read: fn(&Row<'_>) -> Result<T, String>) -> Result<Vec<(At, T)>, String> {
    let path = dir.join(file);
    let bytes = std::fs::read(&path).map_err(|e| format!("The file {} cannot be read: {e}.", path.display()))?;
    let bytes = plain(&bytes);
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let columns = reader.headers().map_err(|e| format!("{file}, line 1: {e}."))?.clone();
    let mut rows = Vec::new();
    for values in reader.records() {
        let values = values.map_err(|e| {
            let line = e.position().map_or(0, csv::Position::line);
            match e.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("{file}, line {line}: there are {len} values instead of {expected_len}.")
                }
                csv::ErrorKind::Utf8 { .. } => format!("{file}, line {line}: the text is not UTF-8."),
                _ => format!("{file}, line {line}: {e}."),
            }
        })?;
        let line = values.position().map_or(0, csv::Position::line);
        let row = Row { at: At { file, line }, columns: &columns, values: &values };
        let item = read(&row)?;
        rows.push((row.at, item));
    }
    if rows.is_empty() {
        return Err(format!("{file} holds no rows."));
    }
    Ok(rows)
}

/// Without a byte order mark and with bare line feeds, so that the reader counts lines as an editor does.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let next = bytes.iter().skip(1).copied().map(Some).chain([None]);
    bytes.iter().copied().zip(next).filter(|pair| *pair != (b'\r', Some(b'\n'))).map(|(byte, _)| byte).collect()
}

/// What has a code of its own.
trait Coded {
    fn code(&self) -> &str;
}

impl Coded for Party {
    fn code(&self) -> &str {
        &self.code
    }
}

impl Coded for Product {
    fn code(&self) -> &str {
        &self.code
    }
}

fn unique<T: Coded>(rows: Vec<(At, T)>) -> Result<Vec<T>, String> {
    let mut seen = HashSet::new();
    for (at, item) in &rows {
        if !seen.insert(item.code()) {
            return Err(at.wrong("code", "stands there twice"));
        }
    }
    Ok(rows.into_iter().map(|(_, item)| item).collect())
}

fn party(row: &Row<'_>) -> Result<Party, String> {
    let mut parts = Vec::new();
    for column in ["address", "city", "region", "postal_code", "country"] {
        let text = row.text(column)?;
        if !text.is_empty() {
            parts.push(text);
        }
    }
    Ok(Party {
        code: row.filled("code")?,
        name: row.filled("name")?,
        contact: row.text("contact")?.to_owned(),
        phone: row.text("phone")?.to_owned(),
        address: parts.join(", "),
    })
}

fn product(row: &Row<'_>) -> Result<Product, String> {
    let list_price: Price = row.number("list_price")?;
    let purchase_price = list_price.exact().mul(Exact::new(6, 1)).and_then(Exact::round);
    Ok(Product {
        code: format!("NW-{}", row.filled("code")?),
        name: row.filled("name")?,
        category: row.filled("category")?,
        list_price,
        purchase_price: purchase_price.ok_or_else(|| row.at.wrong("list_price", "is too large"))?,
        opening_stock: row.number("opening_stock")?,
        reorder_level: row.number("reorder_level")?,
    })
}

fn order(row: &Row<'_>) -> Result<Order, String> {
    let number = row.read("number", "an order number")?;
    let ordered = row.day("order_date")?.ok_or_else(|| row.at.wrong("order_date", "is empty"))?;
    let shipped = row.day("shipped_date")?;
    if shipped.is_some_and(|day| day < ordered) {
        return Err(row.at.wrong("shipped_date", "lies before order_date"));
    }
    let required = row.day("required_date")?;
    Ok(Order { number, customer: row.filled("customer_code")?, ordered, required, shipped, lines: Vec::new() })
}

fn order_line(row: &Row<'_>) -> Result<(u32, Line), String> {
    let quantity: Quantity = row.number("quantity")?;
    if quantity.is_zero() {
        return Err(row.at.wrong("quantity", "is zero"));
    }
    let discount: Rate = row.number("discount")?;
    if Rate::whole(1).is_some_and(|one| discount > one) {
        return Err(row.at.wrong("discount", "is more than 1"));
    }
    let product = format!("NW-{}", row.filled("product_code")?);
    let line = Line { product, quantity, unit_price: row.number("unit_price")?, discount };
    Ok((row.read("order_number", "an order number")?, line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn sample() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../demo/northwind")
    }

    fn said(path: &Path) -> String {
        Source::read(path).err().unwrap_or_default()
    }

    /// A copy of the sample with one text of one file replaced.
    fn changed(file: &str, from: &str, to: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        for name in ["customers.csv", "suppliers.csv", "products.csv", "orders.csv", "order_lines.csv"] {
            let mut text = std::fs::read_to_string(sample().join(name)).unwrap();
            if name == file {
                assert!(text.contains(from), "{from}");
                text = text.replacen(from, to, 1);
            }
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        said(dir.path())
    }

    #[test]
    fn the_sample_is_read_exactly() {
        let source = Source::read(&sample()).unwrap();
        let lines: usize = source.orders.iter().map(|o| o.lines.len()).sum();
        assert_eq!((source.customers.len(), source.suppliers.len()), (93, 29));
        assert_eq!((source.products.len(), source.orders.len(), lines), (77, 560, 1464));
        let first = source.products.first().unwrap();
        assert_eq!((first.code.as_str(), first.purchase_price.to_string().as_str()), ("NW-1", "10.80"));
        let first = source.orders.first().unwrap();
        assert_eq!((first.number, first.ordered.to_string()), (10248, "1996-07-04".to_owned()));
    }

    #[test]
    fn a_bad_row_is_named_by_file_and_line() {
        assert_eq!(
            changed("order_lines.csv", "10248,42,9.8,10,0.0", "10248,42,nine,10,0.0"),
            "order_lines.csv, line 3: unit_price “nine” is not a number."
        );
        assert_eq!(
            changed("order_lines.csv", "10248,42,9.8,10,0.0", "10248,420,9.8,10,0.0"),
            "order_lines.csv, line 3: product_code names no product of products.csv."
        );
        assert_eq!(
            changed("orders.csv", "10249,TOMSP,6,1996-07-05", "10249,TOMSP,6,1996-02-30"),
            "orders.csv, line 3: order_date “1996-02-30” is not a date like 1996-07-04."
        );
        assert_eq!(changed("orders.csv", "10249,", "10248,"), "orders.csv, line 3: number stands there twice.");
        assert_eq!(
            changed("orders.csv", "10249,TOMSP", "10249,NOBODY"),
            "orders.csv, line 3: customer_code names no customer of customers.csv."
        );
        assert_eq!(
            changed("orders.csv", "10249,TOMSP,", "10249,TOMSP,,"),
            "orders.csv, line 3: there are 12 values instead of 11."
        );
        assert_eq!(changed("products.csv", "list_price", "price"), "products.csv has no column list_price.");
        assert_eq!(changed("suppliers.csv", "\n2,New", "\n1,New"), "suppliers.csv, line 3: code stands there twice.");
    }

    #[test]
    fn a_missing_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        assert!(said(dir.path()).contains("customers.csv cannot be read"), "{}", said(dir.path()));
    }
}
