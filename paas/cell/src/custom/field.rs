//! What administrators of a tenant say of the fields they add: a master that the chassis gives to every cell.

use super::{Definition, MOST, definitions};
use crate::prelude::*;
use paas_document::{CustomKey, TypeMeta};

/// Name of the type.
pub(crate) const NAME: &str = "custom-field";
/// The most choices of a field.
const CHOICES: usize = 200;
/// Decimals when nothing is said.
const DECIMALS: i64 = 2;

/// 自定义字段 | Custom field
#[derive(Master, Clone, Debug)]
#[master(name = "custom-field", unique(of_type, key))]
pub struct CustomField {
    /// What the platform keeps.
    pub head: Head,
    /// 类型：字段所属的档案或单据，如地址中的名称 | Type: the master or document it belongs to, as in the address
    #[field(list, indexed, name = "type", column = "of_type", max = 80)]
    pub of_type: String,
    /// 标识：小写字母开头，只含字母和数字，不可修改 | Key: letters and digits, begins with a small letter; never changes
    #[field(list, name = "key", column = "field_key", max = 40)]
    pub key: String,
    /// 名称 | Label
    #[field(list, max = 80)]
    pub label: String,
    /// 英文名称 | English label
    #[field(max = 80)]
    pub label_en: Option<String>,
    /// 字段类型 | Kind
    #[field(list)]
    pub kind: CustomKind,
    /// 小数位数：0 到 6 | Decimals: 0 to 6
    #[field(min = "0", max_value = "6", visible_when = "kind == 'decimal'")]
    pub decimals: Option<i64>,
    /// 必填：新建时以及修改自定义字段时须填写 | Required: demanded of new records and of changes of custom fields
    #[field(list, default = false)]
    pub required: bool,
    /// 可筛选排序：文本不超过 200 字 | Filter and sort: text of at most 200 characters
    #[field(default = false)]
    pub indexed: bool,
    /// 不可重复 | Unique
    #[field(default = false)]
    pub unique: bool,
    /// 敏感：加密保存，默认不显示；仅限文本 | Sensitive: sealed, shown to few; text only
    #[field(default = false, visible_when = "kind == 'text'")]
    pub sensitive: bool,
    /// 说明：显示在输入框旁 | Help: shown beside the input
    #[field(max = 200)]
    pub help: Option<String>,
    /// 顺序：小的在前 | Position: smaller ones come first
    #[field(list, default = 0, min = "0", max_value = "10000")]
    pub position: i64,
    /// 状态：停用后不再显示，已有的值保留 | State: out of use it is not shown, and its values stay
    #[field(list, indexed)]
    pub state: MasterState,
    /// 选项 | Choices
    #[rows]
    pub options: Vec<CustomOption>,
}

/// 选项 | Choice
#[derive(Row, Clone, Debug)]
pub struct CustomOption {
    /// Identity.
    pub id: Id,
    /// 值：保存的内容 | Value: what is stored
    #[field(max = 60)]
    pub value: String,
    /// 名称 | Label
    #[field(max = 80)]
    pub label: String,
    /// 英文名称 | English label
    #[field(max = 80)]
    pub label_en: Option<String>,
}

/// 字段类型 | Kind of field
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomKind {
    /// 文本 | Text
    Text,
    /// 整数 | Integer
    Integer,
    /// 小数 | Decimal
    Decimal,
    /// 是否 | Yes or no
    Bool,
    /// 日期 | Date
    Date,
    /// 时间 | Date and time
    DateTime,
    /// 选项 | Choice
    Choice,
}

pub(crate) const FLOW: Flow<CustomField> = Flow::master().guard_save(check).after_save(settle).before_delete(unused);

/// The type of the cell whose records a field is added to.
fn target(ctx: &Ctx<'_>, resource: &str) -> Option<&'static TypeMeta> {
    let meta = ctx.registry.by_resource(resource)?.meta();
    let stored = ctx.registry.view(meta.name).is_none();
    (meta.is_customizable() && stored && meta.name != NAME).then_some(meta)
}

fn invalid(field: &str, zh: &'static str, en: &'static str) -> Refusal {
    Refusal::field(field, "INVALID", Text::of(zh, en))
}

fn check(ctx: &mut Ctx<'_>, field: &mut CustomField) -> Result<()> {
    let Some(meta) = target(ctx, &field.of_type) else {
        let message = Text::of("没有可以添加字段的这种类型。", "There is no such type that takes custom fields.");
        return Err(Refusal::field("type", "NOT_FOUND", message));
    };
    if CustomKey::new(&field.key).is_none() {
        let (zh, en) =
            ("须以小写字母开头，只含字母和数字。", "It has letters and digits and begins with a small letter.");
        return Err(invalid("key", zh, en));
    }
    if field.kind == CustomKind::Decimal && field.decimals.is_none() {
        field.decimals = Some(DECIMALS);
    }
    if field.sensitive && field.kind != CustomKind::Text {
        return Err(invalid("sensitive", "只有文本可以是敏感的。", "Only text can be sensitive."));
    }
    check_options(field)?;
    match stored(ctx, field)? {
        Some(before) => keep_meaning(ctx, meta, &before, field),
        None => {
            // The counter is the lock under which they are counted.
            ctx.tx.counter(&format!("custom-field:{}", field.of_type))?;
            let found = ctx.find(Find::<CustomField>::all().eq("of_type", field.of_type.clone()))?;
            if found.len() < MOST {
                return Ok(());
            }
            let message = Text::new(
                format!("每种类型最多 {MOST} 个自定义字段。"),
                format!("A type has at most {MOST} custom fields."),
            );
            Err(Refusal::rule("platform.custom-field.too-many", message, json!({"limit": MOST})))
        }
    }
}

fn check_options(field: &CustomField) -> Result<()> {
    if field.kind != CustomKind::Choice {
        let none = field.options.is_empty();
        let (zh, en) = ("只有“选项”类型有选项。", "Only the kind “choice” has choices.");
        return if none { Ok(()) } else { Err(invalid("options", zh, en)) };
    }
    if field.options.is_empty() || field.options.len() > CHOICES {
        return Err(invalid("options", "请给出 1 到 200 个选项。", "Give between 1 and 200 choices."));
    }
    for (position, option) in field.options.iter().enumerate() {
        let at = format!("options[{position}].value");
        if option.value.contains(',') {
            return Err(invalid(&at, "选项的值不能含逗号。", "The value of a choice has no comma."));
        }
        if field.options.iter().take(position).any(|earlier| earlier.value == option.value) {
            return Err(Refusal::field(at, "DUPLICATE", Text::of("选项重复。", "The choice occurs twice.")));
        }
    }
    Ok(())
}

/// The field as it is stored; `None` for a new one.
fn stored(ctx: &mut Ctx<'_>, field: &CustomField) -> Result<Option<CustomField>> {
    if field.head.version == 0 {
        return Ok(None);
    }
    ctx.get(Ref::new(field.head.id)).map(Some)
}

/// What a field with values is, it stays.
fn keep_meaning(ctx: &mut Ctx<'_>, meta: &'static TypeMeta, before: &CustomField, field: &CustomField) -> Result<()> {
    for (name, same) in [("type", before.of_type == field.of_type), ("key", before.key == field.key)] {
        if !same {
            return Err(Refusal::field(
                name,
                "READ_ONLY",
                Text::of("该字段不能修改。", "This field cannot be changed."),
            ));
        }
    }
    let kept = [
        ("kind", before.kind == field.kind),
        ("decimals", before.decimals == field.decimals),
        ("sensitive", before.sensitive == field.sensitive),
    ];
    if let Some((name, _)) = kept.into_iter().find(|(_, same)| !same)
        && ctx.tx.custom_is_used(meta, &field.key, false)?
    {
        let message =
            Text::of("已有记录填写了该字段，不能修改。", "Records have values of this field; it cannot be changed.");
        return Err(Refusal::field(name, "IN_USE", message));
    }
    let finds = |field: &CustomField| field.indexed || field.unique;
    if finds(field) && !finds(before) && ctx.tx.custom_is_used(meta, &field.key, true)? {
        let message = Text::of("已有记录的内容超过 200 字。", "Records have text of more than 200 characters.");
        let name = if field.unique { "unique" } else { "indexed" };
        return Err(Refusal::field(name, "TOO_LONG", message));
    }
    if before.unique != field.unique && !ctx.tx.keep_custom_unique(meta, &field.key, field.unique)? {
        let message = Text::of("已有记录的值重复。", "Records repeat a value already.");
        return Err(Refusal::field("unique", "DUPLICATE", message));
    }
    Ok(())
}

/// Who reads definitions reads them anew; the new ones must be readable.
fn settle(ctx: &mut Ctx<'_>, field: &mut CustomField) -> Result<()> {
    let all = definitions(ctx.tx)?;
    let known = all.of(&field.of_type).iter().any(|definition| definition.key.as_str() == field.key);
    if known { Ok(()) } else { Err(Refusal::internal("a custom field that is not read back")) }
}

fn unused(ctx: &mut Ctx<'_>, field: &mut CustomField) -> Result<()> {
    match target(ctx, &field.of_type) {
        Some(meta) if ctx.tx.custom_is_used(meta, &field.key, false)? => {
            Err(Refusal::new(Code::InUse).saying(Text::of(
                "已有记录填写了该字段；请改为停用。",
                "Records have values of this field; please put it out of use instead.",
            )))
        }
        _ => Ok(()),
    }
}

/// A definition out of its record.
pub(super) fn definition(field: CustomField) -> Option<Definition> {
    let label = |zh: String, en: Option<String>| match en {
        Some(en) => Text::new(zh, en),
        None => Text::new(zh.clone(), zh),
    };
    let choices = field.options.into_iter().map(|option| (option.value, label(option.label, option.label_en)));
    // Of other kinds they mean nothing.
    let decimals = field.decimals.filter(|_| field.kind == CustomKind::Decimal).unwrap_or_default();
    Some(Definition {
        id: field.head.id,
        name: format!("custom.{}", field.key),
        key: CustomKey::new(&field.key)?,
        label: label(field.label, field.label_en),
        help: field.help.map(|help| Text::new(help.clone(), help)),
        kind: field.kind,
        decimals: u32::try_from(decimals).ok()?,
        choices: choices.collect(),
        required: field.required,
        indexed: field.indexed,
        unique: field.unique,
        sensitive: field.sensitive,
        active: field.state == MasterState::Active,
    })
}
