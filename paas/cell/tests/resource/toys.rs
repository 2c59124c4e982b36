//! Gadgets in places, shelves of them, notes that move them, slips that follow notes.

use paas_cell::prelude::*;

pub fn cell() -> Cell {
    Cell::new("toy", "玩具 | Toy")
        .master(place::FLOW)
        .master(gadget::FLOW)
        .document(note::FLOW)
        .document(slip::FLOW)
        .ledger(Ledger::<shelf::ShelfMove>::of().bound(shelf::not_negative))
        .setting::<ToySettings>(None)
        .setting::<Plain>(None)
        .report(ON_SHELF)
        .report(SHELF_BOOK)
        .seed(|ctx| {
            let mut settings = ctx.setting::<ToySettings>()?;
            settings.colour = Some("red".to_owned());
            ctx.put_setting(settings).map(drop)
        })
}

/// 玩具设置 | Toy settings
#[derive(Setting, Clone, Debug)]
#[setting(name = "toy-settings")]
pub struct ToySettings {
    pub head: Head,
    /// 上限 | Limit
    #[field(default = 5, min = "1")]
    pub limit: i64,
    /// 颜色 | Colour
    pub colour: Option<String>,
}

/// 简单设置 | Plain settings
#[derive(Setting, Clone, Debug)]
#[setting(name = "plain-settings")]
pub struct Plain {
    pub head: Head,
    /// 上限 | Limit
    #[field(default = 5, min = "1")]
    pub limit: i64,
}

/// 架上数量 | On shelf
pub const ON_SHELF: Report = Report {
    name: "on-shelf",
    label: Labels::of("架上数量", "On shelf"),
    parameters: &[
        Parameter { name: "asOf", label: Labels::of("日期", "As of"), ty: ParameterType::Date, required: true },
        Parameter {
            name: "gadget",
            label: Labels::of("物件", "Gadget"),
            ty: ParameterType::Ref("gadgets"),
            required: false,
        },
    ],
    drill: &[
        Drill {
            columns: &["quantity"],
            to: DrillTarget::Resource("gadgets"),
            with: &[("code", DrillFrom::Column("gadget"))],
        },
        Drill {
            columns: &["gadget"],
            to: DrillTarget::Report("on-shelf"),
            with: &[("asOf", DrillFrom::Parameter("asOf"))],
        },
    ],
    run: on_shelf,
};

fn on_shelf(ctx: &mut Ctx<'_>, params: &Params) -> Result<Table> {
    let mut table = Table::new(params.date("asOf").unwrap_or(ctx.today()))
        .column("gadget", "物件", "Gadget", "text")
        .column("quantity", "数量", "Quantity", "quantity");
    let mut total = Quantity::ZERO;
    for sum in ctx.sum(Find::<shelf::Shelf>::all(), &["gadget"], &["quantity"])? {
        let Some(id) = sum.id(0) else { continue };
        let quantity = Quantity::from_raw(sum.raw(0));
        total = [total, quantity].into_iter().sum();
        let gadget = ctx.get(Ref::<gadget::Gadget>::new(id))?;
        table.push(vec![json!(gadget.code), json!(quantity.to_string())]);
    }
    table.push_group(vec![json!("=SUM"), json!(total.to_string())]);
    table.total("quantity", json!(total.to_string()));
    Ok(table)
}

const WIDTHS: &[paas_cell::__private::Choice] = &[
    paas_cell::__private::Choice { value: "narrow", label: Text::of("窄", "Narrow") },
    paas_cell::__private::Choice { value: "wide", label: Text::of("宽", "Wide") },
    paas_cell::__private::Choice { value: "endless", label: Text::of("极宽", "Endless") },
];

/// 货架簿 | Shelf book
pub const SHELF_BOOK: Report = Report {
    name: "shelf-book",
    label: Labels::of("货架簿（全部物件）", "Shelf book (all gadgets)"),
    parameters: &[
        Parameter {
            name: "width",
            label: Labels::of("宽度", "Width"),
            ty: ParameterType::Choice(WIDTHS),
            required: false,
        },
        Parameter {
            name: "gadget",
            label: Labels::of("物件", "Gadget"),
            ty: ParameterType::Ref("gadgets"),
            required: false,
        },
    ],
    drill: &[],
    run: shelf_book,
};

const COLUMNS: [&str; 30] = [
    "q01", "q02", "q03", "q04", "q05", "q06", "q07", "q08", "q09", "q10", "q11", "q12", "q13", "q14", "q15", "q16",
    "q17", "q18", "q19", "q20", "q21", "q22", "q23", "q24", "q25", "q26", "q27", "q28", "q29", "q30",
];

/// Every gadget on the shelf with its name, and its quantity as often as it was asked.
fn shelf_book(ctx: &mut Ctx<'_>, params: &Params) -> Result<Table> {
    let count = match params.text("width") {
        Some("wide") => 12,
        Some("endless") => COLUMNS.len(),
        _ => 1,
    };
    let mut table =
        Table::new(ctx.today()).column("gadget", "物件", "Gadget", "text").column("name", "名称", "Name", "text");
    for name in COLUMNS.into_iter().take(count) {
        table = table.column(name, "数量（件）−备用", "Quantity (pieces) − spare", "quantity");
    }
    let mut total = Quantity::ZERO;
    for sum in ctx.sum(Find::<shelf::Shelf>::all(), &["gadget"], &["quantity"])? {
        let Some(id) = sum.id(0) else { continue };
        let quantity = Quantity::from_raw(sum.raw(0));
        total = [total, quantity].into_iter().sum();
        let named = ctx.named(Ref::<gadget::Gadget>::new(id))?;
        let cells = [json!(named.code.clone()), json!(named.name_in(ctx.lang()))];
        table.push(cells.into_iter().chain((0..count).map(|_| json!(quantity.to_string()))).collect());
    }
    for name in COLUMNS.into_iter().take(count) {
        table.total(name, json!(total.to_string()));
    }
    Ok(table)
}

pub mod place {
    use paas_cell::prelude::*;

    /// 位置 | Place
    #[derive(Master, Clone, Debug)]
    #[master(tree)]
    pub struct Place {
        pub head: Head,
        /// 编码 | Code
        #[field(list, unique, search)]
        pub code: String,
        /// 名称 | Name
        #[field(list, search)]
        pub name: String,
        /// 上级 | Parent
        #[field(indexed)]
        pub parent: Option<Ref<Place>>,
        /// 状态 | State
        #[field(list, indexed)]
        pub state: MasterState,
    }

    pub const FLOW: Flow<Place> = Flow::master();
}

pub mod gadget {
    use super::place::Place;
    use paas_cell::prelude::*;

    /// 物件 | Gadget
    #[derive(Master, Clone, Debug)]
    pub struct Gadget {
        pub head: Head,
        /// 编码 | Code
        #[field(list, unique, search)]
        pub code: String,
        /// 名称 | Name
        #[field(list, search, english = name_en)]
        pub name: String,
        /// 英文名称 | English name
        pub name_en: Option<String>,
        /// 电话 | Phone
        #[field(sensitive = phone)]
        pub phone: Option<Secret<String>>,
        /// 颜色 | Colour
        #[field(required_when = "weight.gt('100')", readonly_when = "colour == 'black'")]
        pub colour: Option<String>,
        /// 重量 | Weight
        #[field(indexed)]
        pub weight: Option<Quantity>,
        /// 位置 | Place
        #[field(indexed)]
        pub place: Option<Ref<Place>>,
        /// 状态 | State
        #[field(list, indexed)]
        pub state: MasterState,
    }

    pub const FLOW: Flow<Gadget> = Flow::master();
}

pub mod shelf {
    use super::gadget::Gadget;
    use paas_cell::prelude::*;

    /// 架位流水 | Shelf move
    #[derive(Entry, Clone, Debug)]
    #[entry(balance = Shelf, party = gadget)]
    pub struct ShelfMove {
        pub id: Id,
        /// 物件 | Gadget
        #[field(key, indexed)]
        pub gadget: Ref<Gadget>,
        /// 数量 | Quantity
        #[field(measure)]
        pub quantity: Quantity,
    }

    /// 架位余额 | Shelf
    #[derive(Balance, Clone, Debug)]
    #[balance(resource = "shelves", party = gadget)]
    pub struct Shelf {
        /// 物件 | Gadget
        #[field(key, indexed)]
        pub gadget: Ref<Gadget>,
        /// 数量 | Quantity
        #[field(measure)]
        pub quantity: Quantity,
    }

    pub fn not_negative(_ctx: &mut Ctx, shelf: &Shelf) -> Result<()> {
        if shelf.quantity.is_negative() {
            return Err(Refusal::rule(
                "toy.shelf.empty",
                Text::of("架位不足。", "Not enough on the shelf."),
                json!({}),
            ));
        }
        Ok(())
    }
}

pub mod note {
    use super::gadget::Gadget;
    use super::shelf::ShelfMove;
    use super::slip::Slip;
    use paas_cell::prelude::*;

    /// 便条 | Note
    #[derive(Document, Clone, Debug)]
    #[document(number = "N{yyyy}-{seq:4}", date = day, party = maker)]
    pub struct Note {
        pub head: Head,
        /// 日期 | Day
        #[field(list, indexed)]
        pub day: Date,
        /// 制造者 | Maker
        #[field(list, indexed)]
        pub maker: Option<Ref<Gadget>>,
        /// 前一张 | Previous
        #[field(indexed)]
        pub previous: Option<Ref<Note>>,
        /// 备注 | Remark
        #[field(search)]
        pub remark: Option<String>,
        /// 合计 | Total
        #[field(list, computed)]
        pub total: Quantity,
        /// 明细 | Lines
        #[rows(min = 1)]
        pub lines: Vec<Line>,
        /// 状态 | State
        #[field(list, indexed)]
        pub state: NoteState,
    }

    /// 明细 | Line
    #[derive(Row, Clone, Debug)]
    #[row(name = "note-line")]
    pub struct Line {
        pub id: Id,
        /// 物件 | Gadget
        pub gadget: Ref<Gadget>,
        /// 数量 | Quantity
        pub quantity: Quantity,
        /// 价 | Price
        #[field(default = "\"1\"")]
        pub price: Price,
        /// 依据 | Basis
        #[field(indexed, required_when = "price.lt('0')", visible_when = "!price.eq('0')")]
        pub basis: Option<Ref<Note>>,
    }

    /// 状态 | State
    #[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
    pub enum NoteState {
        /// 草稿 | Draft
        #[state(draft)]
        Draft,
        /// 已发 | Sent
        #[state(done)]
        Sent,
    }

    /// 复制 | Copy
    #[derive(Master, Clone, Debug)]
    pub struct Copying {
        pub head: Head,
        /// 日期 | Day
        pub day: Date,
        /// 明细 | Lines
        #[rows]
        pub lines: Vec<CopyLine>,
    }

    /// 复制行 | Copied line
    #[derive(Row, Clone, Debug)]
    pub struct CopyLine {
        pub id: Id,
        /// 数量 | Quantity
        #[field(above = "0")]
        pub quantity: Quantity,
    }

    pub const FLOW: Flow<Note> = Flow::new(&[
        go("send", &[NoteState::Draft], NoteState::Sent).label("发送", "Send").does(send),
        go("copy", &[NoteState::Draft, NoteState::Sent], NoteState::Draft)
            .label("复制", "Copy")
            .takes::<Copying>()
            .does(copy),
        go("slip", &[NoteState::Draft], NoteState::Draft).label("开票", "Slip").does(slip),
        go("break", &[NoteState::Draft], NoteState::Draft)
            .label("弄坏", "Break")
            .does(|_, note| panic!("broken by {:?}", note.remark)),
    ])
    .prepare(sum);

    fn sum(_ctx: &mut Ctx, note: &mut Note) -> Result<()> {
        note.total = note.lines.iter().map(|l| l.quantity).sum();
        Ok(())
    }

    fn send(ctx: &mut Ctx, note: &mut Note) -> Result<()> {
        for line in &note.lines {
            ctx.post(ShelfMove { id: Id::fresh(), gadget: line.gadget, quantity: line.quantity })?;
        }
        Ok(())
    }

    fn copy(ctx: &mut Ctx, note: &mut Note) -> Result<()> {
        let said = ctx.data::<Copying>().cloned();
        let mut next = Note::blank();
        next.day = said.as_ref().map_or(note.day, |s| s.day);
        next.maker = note.maker;
        next.previous = Some(Ref::new(note.head.id));
        next.lines = note.lines.iter().map(|l| Line { id: Id::NIL, ..l.clone() }).collect();
        for (line, said) in next.lines.iter_mut().zip(said.map(|s| s.lines).unwrap_or_default()) {
            line.quantity = said.quantity;
        }
        ctx.create(next).map(drop)
    }

    fn slip(ctx: &mut Ctx, note: &mut Note) -> Result<()> {
        let mut slip = Slip::blank();
        slip.source = Some(AnyRef { kind: "note".to_owned(), id: note.head.id, number: note.head.number.clone() });
        ctx.raise(slip).map(drop)
    }
}

pub mod slip {
    use paas_cell::prelude::*;

    /// 小票 | Slip
    #[derive(Document, Clone, Debug)]
    #[document(number = "S{seq:4}")]
    pub struct Slip {
        pub head: Head,
        /// 来源 | Source
        #[field(list, indexed)]
        pub source: Option<AnyRef>,
        /// 状态 | State
        #[field(list, indexed)]
        pub state: SlipState,
    }

    /// 状态 | State
    #[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
    pub enum SlipState {
        /// 有效 | Valid
        #[state(active)]
        Valid,
    }

    pub const FLOW: Flow<Slip> = Flow::new(&[]);
}
