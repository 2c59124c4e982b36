//! The `static META: TypeMeta` of a declared struct, and the checks that the compiler makes of it.

use crate::attrs::BalanceAttr;
use crate::model::{Member, Model, Shape, last_segment, span_of};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;

/// `Option<usize>` as tokens.
fn index(position: Option<usize>) -> TokenStream {
    option(position.map(|i| quote!(#i)))
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// Whether this is the state of a flow, which only actions change.
fn is_flow_state(model: &Model, i: usize) -> bool {
    model.state == Some(i) && !is_master_state(model, i)
}

/// Whether this is the plain active/disabled state of a master.
fn is_master_state(model: &Model, i: usize) -> bool {
    model.state == Some(i)
        && model.shape == Shape::Master
        && model.members.get(i).and_then(|m| last_segment(&m.ty)).is_some_and(|last| last == "MasterState")
}

/// Whether the document's flow must be checked: it has states of its own.
pub fn has_flow(model: &Model) -> bool {
    model.state.is_some_and(|i| is_flow_state(model, i))
}

/// `static __META: TypeMeta`, with the statics it points to.
pub fn statics(model: &Model) -> TokenStream {
    let count = model.members.len();
    let fields = model.members.iter().enumerate().map(|(i, member)| field(model, i, member));
    let table_count = model.tables.len();
    let tables = model.tables.iter().map(|table| {
        let (name, label, row, min) = (&table.name, table.label.text(), &table.row, table.min_rows);
        quote! {
            ::paas_cell::__private::RowTable {
                name: #name,
                label: #label,
                meta: <#row as ::paas_cell::__private::Typed>::meta_of,
                min_rows: #min,
            }
        }
    });
    let (name, resource, table, label) = (&model.name, &model.resource, &model.table, model.label.text());
    let kind = format_ident!("{}", model.shape.kind());
    let states = model.state_member().map_or_else(
        || quote!(&[]),
        |member| {
            let ty = &member.ty;
            quote!(<#ty as ::paas_cell::__private::States>::ALL)
        },
    );
    let state_field = index(model.state);
    let number = option(model.attr.number.as_ref().map(|n| quote!(#n)));
    let pointed = |ident: &Option<Ident>| index(ident.as_ref().and_then(|i| model.position(i).ok()));
    let (date, party) = (pointed(&model.attr.date), pointed(&model.attr.party));
    let lists = |all: &[Vec<Ident>]| {
        let lists = all.iter().map(|list| {
            let positions = list.iter().filter_map(|i| model.position(i).ok());
            quote!(&[#(#positions),*])
        });
        quote!(&[#(#lists),*])
    };
    let (unique, indexes) = (lists(&model.attr.unique), lists(&model.attr.index));
    let tree = model.attr.tree.is_some();
    quote! {
        static __FIELDS: [::paas_cell::__private::Field; #count] = [#(#fields),*];
        static __TABLES: [::paas_cell::__private::RowTable; #table_count] = [#(#tables),*];
        static __META: ::paas_cell::__private::TypeMeta = ::paas_cell::__private::TypeMeta {
            name: #name,
            resource: #resource,
            table: #table,
            label: #label,
            kind: ::paas_cell::__private::Kind::#kind,
            fields: &__FIELDS,
            tables: &__TABLES,
            states: #states,
            state_field: #state_field,
            number: #number,
            date_field: #date,
            party_field: #party,
            unique: #unique,
            indexes: #indexes,
            tree: #tree,
        };
    }
}

fn field(model: &Model, i: usize, member: &Member) -> TokenStream {
    let Member { name, column, label, attr, ty, .. } = member;
    let (text, help) = (label.text(), label.help_text());
    let field_type = refined(member);
    // A state is changed by actions only.
    let computed = attr.computed || model.state == Some(i);
    let default = match &attr.default {
        Some(text) => Some(text.clone()),
        None if is_master_state(model, i) => Some("\"active\"".to_owned()),
        None => None,
    };
    let given = if computed || default.is_some() {
        quote!(false)
    } else {
        quote_spanned!(span_of(ty)=> <#ty as ::paas_cell::__private::FieldValue>::REQUIRED)
    };
    let string = |value: &Option<String>| option(value.as_ref().map(|v| quote!(#v)));
    let (group, default) = (string(&attr.group), string(&default));
    let english = index(attr.english.as_ref().and_then(|e| model.position(e).ok()));
    let balance = option(attr.balance.as_ref().map(|b| from_balance(model, b)));
    let (min, above, max) = (string(&attr.min), string(&attr.above), string(&attr.max_value));
    let [visible, needed, kept] = [&attr.visible_when, &attr.required_when, &attr.readonly_when].map(string);
    let (list, indexed, search, unique) = (attr.list, attr.indexed, attr.search, attr.unique);
    let (write_only, key, measure) = (attr.write_only, attr.key.is_some(), attr.measure.is_some());
    quote! {
        ::paas_cell::__private::Field {
            name: #name,
            column: #column,
            label: #text,
            help: #help,
            ty: #field_type,
            required: #given,
            computed: #computed,
            list: #list,
            indexed: #indexed,
            search: #search,
            unique: #unique,
            group: #group,
            english: #english,
            from_balance: #balance,
            write_only: #write_only,
            key: #key,
            measure: #measure,
            bounds: ::paas_cell::__private::Bounds { min: #min, above: #above, max: #max },
            default: #default,
            when: ::paas_cell::__private::When { visible: #visible, required: #needed, readonly: #kept },
        }
    }
}

/// The field type with what the attributes add to it. A misfit is a compile error at the field's type.
fn refined(member: &Member) -> TokenStream {
    let (ty, attr, span) = (&member.ty, &member.attr, span_of(&member.ty));
    let base = quote_spanned!(span=> <#ty as ::paas_cell::__private::FieldValue>::TYPE);
    let helper = quote_spanned!(span=> ::paas_cell::__private::derived);
    if let Some(mask) = &attr.mask {
        quote_spanned!(span=> #helper::masked(#base, ::paas_cell::__private::Mask::#mask))
    } else if attr.password {
        quote_spanned!(span=> #helper::password(#base))
    } else if attr.permissions {
        quote_spanned!(span=> #helper::permissions(#base))
    } else if let Some(choices) = &attr.choices {
        quote_spanned!(span=> #helper::choices(#base, #choices))
    } else if attr.long || attr.max.is_some() {
        let (max, long) = (option(attr.max.map(|m| quote!(#m))), attr.long);
        quote_spanned!(span=> #helper::text(#base, #max, #long))
    } else {
        base
    }
}

fn from_balance(model: &Model, attr: &BalanceAttr) -> TokenStream {
    let names = |list: &[Ident]| {
        let names: Vec<String> = list.iter().map(Ident::to_string).collect();
        quote!(&[#(#names),*])
    };
    let (balance, key) = (&attr.balance, attr.key.to_string());
    let (plus, minus) = (names(&attr.plus), names(&attr.minus));
    let own = attr.by.as_ref().and_then(|by| model.position(by).ok()).and_then(|i| model.members.get(i));
    let by = own.map_or("id", |member| member.column.as_str());
    quote! {
        ::paas_cell::__private::FromBalance {
            balance: <#balance as ::paas_cell::__private::Typed>::meta_of,
            key: #key,
            by: #by,
            plus: #plus,
            minus: #minus,
        }
    }
}

/// Checks by the compiler: attributes fit their types, balances have the fields that are named.
pub fn checks(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let mut out = TokenStream::new();
    for member in &model.members {
        let attr = &member.attr;
        if attr.min.is_some()
            || attr.above.is_some()
            || attr.max_value.is_some()
            || attr.measure.is_some()
            || attr.balance.is_some()
        {
            out.extend(fits(member, "number"));
        }
        if let Some(target) =
            attr.english.as_ref().and_then(|e| model.position(e).ok()).and_then(|i| model.members.get(i))
        {
            out.extend(fits(target, "english"));
        }
        if let Some(BalanceAttr { balance, key, plus, minus, .. }) = &attr.balance {
            out.extend(quote! {
                const _: fn(&#balance) = |__balance| {
                    let _ = &__balance.#key;
                    #(let _ = &__balance.#plus;)*
                    #(let _ = &__balance.#minus;)*
                };
            });
        }
    }
    for (pointed, check) in [(&model.attr.date, "date"), (&model.attr.party, "party")] {
        if let Some(member) = pointed.as_ref().and_then(|i| model.position(i).ok()).and_then(|i| model.members.get(i)) {
            out.extend(fits(member, check));
        }
    }
    if model.attr.tree.is_some() {
        out.extend(quote! {
            const _: fn(&#ident) -> &::core::option::Option<::paas_cell::__private::Ref<#ident>> = |__node| &__node.parent;
        });
    }
    out.extend(ledger_checks(model));
    out
}

fn fits(member: &Member, check: &str) -> TokenStream {
    let ty = &member.ty;
    let check = Ident::new(check, span_of(ty));
    quote_spanned! {span_of(ty)=>
        const _: () = ::paas_cell::__private::derived::#check(<#ty as ::paas_cell::__private::FieldValue>::TYPE);
    }
}

/// An entry has the keys of its balance, with the same types, and only measures the balance has.
fn ledger_checks(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let keys: Vec<&Member> = model.members.iter().filter(|m| m.attr.key.is_some()).collect();
    let names: Vec<String> = keys.iter().map(|k| k.ident.to_string()).collect();
    if model.shape == Shape::Balance {
        return quote! {
            impl #ident {
                #[doc(hidden)]
                pub const __KEYS: &'static [&'static str] = &[#(#names),*];
            }
        };
    }
    let (Shape::Entry, Some(balance)) = (model.shape, &model.attr.balance) else {
        return TokenStream::new();
    };
    let measures = model.members.iter().filter(|m| m.attr.measure.is_some());
    let same = keys.into_iter().chain(measures).map(|Member { ident, ty, .. }| {
        quote_spanned!(span_of(ty)=> let _: [&#ty; 2] = [&__entry.#ident, &__balance.#ident];)
    });
    let span = balance.segments.last().map_or_else(|| ident.span(), |s| s.ident.span());
    let keys = quote_spanned! {span=>
        const _: () = ::paas_cell::__private::derived::same_keys(&[#(#names),*], <#balance>::__KEYS);
    };
    quote! {
        const _: fn(&#ident, &#balance) = |__entry, __balance| {
            #(#same)*
        };
        #keys
    }
}
