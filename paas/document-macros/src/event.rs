//! `#[derive(Event)]`: what a cell tells others.

use crate::attrs::{unknown, word_of};
use crate::errors::Errors;
use crate::model::{inner, span_of};
use crate::words::camel;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Data, DeriveInput, Fields, Ident, LitInt, LitStr, Token, Type};

/// What `#[event(..)]` says.
enum Attr {
    Event { ty: LitStr, version: u32 },
    Part,
}

/// A field of an event, or a table of parts in it.
struct Member<'a> {
    ident: &'a Ident,
    name: String,
    ty: &'a Type,
    rows: Option<&'a Type>,
}

/// `#[derive(Event)]`.
pub fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let attr = errors.take(attr(input));
    let members = errors.take(members(input)).unwrap_or_default();
    let Some((attr, true)) = attr.map(|a| (a, errors.is_empty())) else {
        let (errors, ident) = (errors.tokens(), &input.ident);
        return quote! {
            #errors
            impl ::paas_cell::__private::EventBody for #ident {
                const TYPE: &'static str = "";
                const VERSION: u32 = 0;
                fn to_json(&self) -> ::paas_cell::__private::serde_json::Value { ::core::unimplemented!() }
                fn schema() -> ::paas_cell::__private::serde_json::Value { ::core::unimplemented!() }
            }
            impl ::paas_cell::__private::EventPart for #ident {
                fn to_json(&self) -> ::paas_cell::__private::serde_json::Value { ::core::unimplemented!() }
                fn schema() -> ::paas_cell::__private::serde_json::Value { ::core::unimplemented!() }
            }
        };
    };
    emit(&input.ident, &attr, &members)
}

fn attr(input: &DeriveInput) -> syn::Result<Attr> {
    let Some(attr) = input.attrs.iter().find(|a| a.path().is_ident("event")) else {
        let message =
            "an event needs `#[event(\"cell.subject.what-happened\", version = 1)]`, a row of one `#[event(part)]`";
        return Err(syn::Error::new(input.ident.span(), message));
    };
    attr.parse_args_with(|input: ParseStream| {
        if input.peek(syn::Ident) {
            let word: Ident = input.parse()?;
            return if word == "part" {
                Ok(Attr::Part)
            } else {
                Err(syn::Error::new(word.span(), "expected a type in quotes, or `part`"))
            };
        }
        let ty: LitStr = input.parse()?;
        check_type(&ty)?;
        let mut version = 1;
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
            let meta = syn::meta::parser(|meta| match word_of(&meta).as_str() {
                "version" => {
                    version = meta.value()?.parse::<LitInt>()?.base10_parse()?;
                    Ok(())
                }
                other => Err(unknown(&meta, "event", other, &["version"])),
            });
            let rest: TokenStream = input.parse()?;
            syn::parse::Parser::parse2(meta, rest)?;
        }
        if version == 0 {
            return Err(syn::Error::new(ty.span(), "versions start at 1"));
        }
        Ok(Attr::Event { ty, version })
    })
}

/// `cell.subject.what-happened`: three kebab-case words.
fn check_type(ty: &LitStr) -> syn::Result<()> {
    let value = ty.value();
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if value.split('.').count() == 3 && value.split('.').all(word) {
        Ok(())
    } else {
        Err(syn::Error::new(ty.span(), "an event type is `cell.subject.what-happened`, three words in kebab-case"))
    }
}

fn members(input: &DeriveInput) -> syn::Result<Vec<Member<'_>>> {
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(named) => &named.named,
            _ => return Err(syn::Error::new(input.ident.span(), "an event is a struct with named fields")),
        },
        _ => return Err(syn::Error::new(input.ident.span(), "an event is a struct with named fields")),
    };
    let mut out = Vec::new();
    for field in fields {
        let Some(ident) = &field.ident else { continue };
        let rows = match crate::attrs::rows(&field.attrs)? {
            Some(_) => Some(inner(&field.ty, "Vec").ok_or_else(|| {
                syn::Error::new_spanned(&field.ty, "`#[rows]` stands on a `Vec` of an `#[event(part)]`")
            })?),
            None => None,
        };
        out.push(Member { ident, name: camel(&ident.unraw().to_string()), ty: &field.ty, rows });
    }
    Ok(out)
}

fn emit(ident: &Ident, attr: &Attr, members: &[Member]) -> TokenStream {
    let json = quote!(::paas_cell::__private::serde_json);
    let values = members.iter().map(|Member { ident, name, ty, rows }| match rows {
        Some(row) => quote! {
            (::std::string::String::from(#name), #json::Value::Array(
                self.#ident.iter().map(<#row as ::paas_cell::__private::EventPart>::to_json).collect(),
            ))
        },
        None => quote_spanned! {span_of(ty)=>
            (::std::string::String::from(#name), ::paas_cell::__private::event_value(
                &<#ty as ::paas_cell::__private::FieldValue>::TYPE,
                <#ty as ::paas_cell::__private::FieldValue>::to_value(&self.#ident),
            ))
        },
    });
    let schemas = members.iter().map(|Member { name, ty, rows, .. }| match rows {
        Some(row) => quote! {
            (#name, ::paas_cell::__private::event_rows_schema(<#row as ::paas_cell::__private::EventPart>::schema()), true)
        },
        None => quote_spanned! {span_of(ty)=>
            (
                #name,
                ::paas_cell::__private::event_field_schema(
                    &<#ty as ::paas_cell::__private::FieldValue>::TYPE,
                    <#ty as ::paas_cell::__private::FieldValue>::REQUIRED,
                ),
                <#ty as ::paas_cell::__private::FieldValue>::REQUIRED,
            )
        },
    });
    let checks = members.iter().filter(|m| m.rows.is_none()).map(|Member { ty, .. }| {
        quote_spanned! {span_of(ty)=>
            const _: () = ::paas_cell::__private::derived::public(<#ty as ::paas_cell::__private::FieldValue>::TYPE);
        }
    });
    let (header, title) = match attr {
        Attr::Part => (quote!(impl ::paas_cell::__private::EventPart for #ident), quote!(::core::option::Option::None)),
        Attr::Event { ty, .. } => {
            (quote!(impl ::paas_cell::__private::EventBody for #ident), quote!(::core::option::Option::Some(#ty)))
        }
    };
    let constants = match attr {
        Attr::Part => TokenStream::new(),
        Attr::Event { ty, version } => quote! {
            const TYPE: &'static str = #ty;
            const VERSION: u32 = #version;
        },
    };
    quote! {
        const _: () = {
            #(#checks)*
            #[automatically_derived]
            #header {
                #constants
                fn to_json(&self) -> #json::Value {
                    #json::Value::Object(#json::Map::from_iter([#(#values),*]))
                }
                fn schema() -> #json::Value {
                    ::paas_cell::__private::event_schema(#title, ::std::vec![#(#schemas),*])
                }
            }
        };
    }
}
