//! `#[derive(States)]` and `#[derive(Choice)]`: field-less enums.

use crate::attrs::{unknown, word_of};
use crate::errors::Errors;
use crate::words::{Label, kebab};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Data, DeriveInput, Fields, Ident, LitStr};

/// A variant with its name and label; `tone` and `editable` are for states.
struct Variant {
    ident: Ident,
    name: String,
    label: Label,
    tone: &'static str,
    editable: bool,
}

/// The most states and the most choices an enum may have.
const MOST_STATES: usize = 64;
const MOST_CHOICES: usize = 256;

/// Reads the variants of a field-less enum; the enum itself needs a label too, which shows that it is meant for people.
fn variants(
    input: &DeriveInput,
    errors: &mut Errors,
    read: fn(&[Attribute], &mut Variant) -> syn::Result<()>,
) -> Vec<Variant> {
    let ident = &input.ident;
    errors.take(Label::of(&input.attrs, &format!("`{ident}`"), ident.span()));
    if !input.generics.params.is_empty() {
        errors.at(ident.span(), format!("`{ident}` has generics; a declared type has none"));
    }
    let Data::Enum(data) = &input.data else {
        errors.at(ident.span(), format!("`{ident}` must be an enum without fields"));
        return Vec::new();
    };
    let mut out: Vec<Variant> = Vec::new();
    for variant in &data.variants {
        let span = variant.ident.span();
        if !matches!(variant.fields, Fields::Unit) || variant.discriminant.is_some() {
            errors
                .at(span, format!("`{}` must be a plain variant, without fields and without a number", variant.ident));
        }
        if ["Ok", "Err", "Some", "None"].iter().any(|taken| variant.ident == taken) {
            errors.at(span, format!("`{}` would hide Rust's own `{0}` where the variants are imported", variant.ident));
        }
        let label = errors.take(Label::of(&variant.attrs, &format!("`{ident}::{}`", variant.ident), span));
        let name = kebab(&variant.ident.to_string());
        let mut read_variant =
            Variant { ident: variant.ident.clone(), name, label: label.unwrap_or_default(), tone: "", editable: false };
        errors.take(read(&variant.attrs, &mut read_variant));
        if out.iter().any(|v| v.name == read_variant.name) {
            errors.at(span, format!("two variants have the value `{}`", read_variant.name));
        }
        out.push(read_variant);
    }
    if out.is_empty() {
        errors.at(ident.span(), format!("`{ident}` has no variants"));
    }
    out
}

fn state_attr(attrs: &[Attribute], variant: &mut Variant) -> syn::Result<()> {
    for attr in attrs.iter().filter(|a| a.path().is_ident("state")) {
        attr.parse_nested_meta(|meta| {
            match word_of(&meta).as_str() {
                "draft" => (variant.tone, variant.editable) = ("Draft", true),
                "active" => variant.tone = "Active",
                "done" => variant.tone = "Done",
                "void" => variant.tone = "Void",
                "editable" => variant.editable = true,
                other => return Err(unknown(&meta, "state", other, &["draft", "active", "done", "void", "editable"])),
            }
            Ok(())
        })?;
    }
    if variant.tone.is_empty() {
        let message = format!("state `{}` needs `#[state(draft)]`, `active`, `done` or `void`", variant.ident);
        return Err(syn::Error::new(variant.ident.span(), message));
    }
    Ok(())
}

fn choice_attr(attrs: &[Attribute], variant: &mut Variant) -> syn::Result<()> {
    for attr in attrs.iter().filter(|a| a.path().is_ident("choice")) {
        attr.parse_nested_meta(|meta| match word_of(&meta).as_str() {
            "value" => {
                variant.name = meta.value()?.parse::<LitStr>()?.value();
                Ok(())
            }
            other => Err(unknown(&meta, "choice", other, &["value"])),
        })?;
    }
    Ok(())
}

/// `#[derive(States)]`.
pub fn states(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let variants = variants(input, &mut errors, state_attr);
    let ident = &input.ident;
    if variants.len() > MOST_STATES {
        errors.at(ident.span(), format!("`{ident}` has {} states; a flow has at most {MOST_STATES}", variants.len()));
    }
    if !errors.is_empty() {
        return stub_states(ident, &errors, variants.len());
    }
    let metas = variants.iter().map(|variant| {
        let (name, label, editable) = (&variant.name, variant.label.text(), variant.editable);
        let tone = format_ident!("{}", variant.tone);
        quote! {
            ::paas_cell::__private::StateMeta {
                name: #name, label: #label, tone: ::paas_cell::__private::Tone::#tone, editable: #editable,
            }
        }
    });
    let count = variants.len();
    let names: Vec<&Ident> = variants.iter().map(|v| &v.ident).collect();
    let ordinals: Vec<u8> = (0..=u8::MAX).take(count).collect();
    let value = field_value(
        ident,
        names.first().copied(),
        &quote!(State(&__STATES)),
        &quote!(<#ident as ::paas_cell::__private::States>),
    );
    let go = go(ident);
    quote! {
        #[automatically_derived]
        impl #ident {
            /// The number of states.
            pub const COUNT: usize = #count;

            /// Its position among the states, from 0.
            pub const fn id(self) -> u8 {
                self as u8
            }
        }
        #go
        const _: () = {
            static __STATES: [::paas_cell::__private::StateMeta; #count] = [#(#metas),*];
            #[automatically_derived]
            impl ::paas_cell::__private::States for #ident {
                const ALL: &'static [::paas_cell::__private::StateMeta] = &__STATES;
                fn ordinal(self) -> u8 {
                    self as u8
                }
                fn from_ordinal(ordinal: u8) -> ::core::option::Option<Self> {
                    match ordinal {
                        #(#ordinals => ::core::option::Option::Some(#ident::#names),)*
                        _ => ::core::option::Option::None,
                    }
                }
            }
            #value
        };
    }
}

/// `go` beside the enum: the transition stores ids, as a generic `const fn` could not call the trait.
fn go(ident: &Ident) -> TokenStream {
    quote! {
        /// A transition of the flow: its name, the states it starts from and the state it leads to.
        #[allow(dead_code, clippy::indexing_slicing)] // the loop bound proves the index; `get` is not const
        const fn go<D: ::paas_cell::__private::Document<State = #ident>>(
            name: &'static str,
            from: &'static [#ident],
            to: #ident,
        ) -> ::paas_cell::Edge<D> {
            let mut mask: u64 = 0;
            let mut i = 0;
            while i < from.len() {
                mask |= 1 << (from[i] as u8);
                i += 1;
            }
            ::paas_cell::Edge::new(name, mask, to as u8)
        }
    }
}

/// The errors, and an enum that can be named everywhere without more of them.
fn stub_states(ident: &Ident, errors: &Errors, count: usize) -> TokenStream {
    let (errors, go, value) = (errors.tokens(), stub_go(ident), stub_value(ident));
    quote! {
        #errors
        #go
        #value
        impl #ident {
            #[doc(hidden)]
            pub const COUNT: usize = #count;
            #[doc(hidden)]
            pub const fn id(self) -> u8 { 0 }
        }
        impl ::paas_cell::__private::States for #ident {
            const ALL: &'static [::paas_cell::__private::StateMeta] = &[];
            fn ordinal(self) -> u8 { 0 }
            fn from_ordinal(_: u8) -> ::core::option::Option<Self> { ::core::option::Option::None }
        }
    }
}

fn stub_go(ident: &Ident) -> TokenStream {
    quote! {
        #[allow(dead_code)]
        const fn go<D: ::paas_cell::__private::Document<State = #ident>>(
            name: &'static str,
            _: &'static [#ident],
            _: #ident,
        ) -> ::paas_cell::Edge<D> {
            ::paas_cell::Edge::new(name, 0, 0)
        }
    }
}

/// `#[derive(Choice)]`.
pub fn choice(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let variants = variants(input, &mut errors, choice_attr);
    let ident = &input.ident;
    if variants.len() > MOST_CHOICES {
        errors.at(ident.span(), format!("`{ident}` has {} choices; at most {MOST_CHOICES} make sense", variants.len()));
    }
    if !errors.is_empty() {
        let (errors, stub) = (errors.tokens(), stub_value(ident));
        return quote! {
            #errors
            #stub
            impl #ident {
                #[doc(hidden)]
                pub const CHOICES: &'static [::paas_cell::__private::Choice] = &[];
                #[doc(hidden)]
                pub fn name(self) -> &'static str { "" }
                #[doc(hidden)]
                pub fn named(_: &str) -> ::core::option::Option<Self> { ::core::option::Option::None }
            }
        };
    }
    let count = variants.len();
    let names: Vec<&Ident> = variants.iter().map(|v| &v.ident).collect();
    let values: Vec<&String> = variants.iter().map(|v| &v.name).collect();
    let labels = variants.iter().map(|v| v.label.text());
    let value = field_value(ident, names.first().copied(), &quote!(Choice(&__CHOICES)), &quote!(#ident));
    quote! {
        const _: () = {
            static __CHOICES: [::paas_cell::__private::Choice; #count] =
                [#(::paas_cell::__private::Choice { value: #values, label: #labels }),*];
            #[automatically_derived]
            impl #ident {
                /// All values with their labels.
                pub const CHOICES: &'static [::paas_cell::__private::Choice] = &__CHOICES;

                /// The value in JSON and in the database.
                pub const fn name(self) -> &'static str {
                    match self { #(#ident::#names => #values,)* }
                }

                /// The variant with this value.
                pub fn named(name: &str) -> ::core::option::Option<Self> {
                    match name {
                        #(#values => ::core::option::Option::Some(#ident::#names),)*
                        _ => ::core::option::Option::None,
                    }
                }
            }
            #value
        };
    }
}

/// `FieldValue` of an enum whose `owner` offers `name` and `named`.
fn field_value(ident: &Ident, first: Option<&Ident>, ty: &TokenStream, owner: &TokenStream) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::paas_cell::__private::FieldValue for #ident {
            const TYPE: ::paas_cell::__private::FieldType = ::paas_cell::__private::FieldType::#ty;
            const REQUIRED: bool = true;
            fn to_value(&self) -> ::paas_cell::__private::Value {
                ::paas_cell::__private::Value::Text(::std::string::String::from(#owner::name(*self)))
            }
            fn from_value(
                value: ::paas_cell::__private::Value,
            ) -> ::core::result::Result<Self, ::paas_cell::__private::ValueError> {
                value.text().and_then(#owner::named).ok_or(::paas_cell::__private::ValueError)
            }
            fn blank() -> Self {
                #ident::#first
            }
        }
    }
}

fn stub_value(ident: &Ident) -> TokenStream {
    quote! {
        impl ::paas_cell::__private::FieldValue for #ident {
            const TYPE: ::paas_cell::__private::FieldType = ::paas_cell::__private::FieldType::Bool;
            const REQUIRED: bool = true;
            fn to_value(&self) -> ::paas_cell::__private::Value { ::core::unimplemented!() }
            fn from_value(
                _: ::paas_cell::__private::Value,
            ) -> ::core::result::Result<Self, ::paas_cell::__private::ValueError> { ::core::unimplemented!() }
            fn blank() -> Self { ::core::unimplemented!() }
        }
    }
}
