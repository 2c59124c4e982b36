//! The implementations of `Record`, `Typed`, `Document` and `Entry`.

use crate::meta::{checks, has_flow, statics};
use crate::model::{Model, Shape, span_of};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::DeriveInput;

/// The derive of a declared struct.
pub fn derive(input: &DeriveInput, shape: Shape) -> TokenStream {
    let model = Model::read(input, shape);
    if !model.errors.is_empty() {
        let errors = model.errors.tokens();
        let stubs = stubs(&model);
        return quote!(#errors #stubs);
    }
    let (statics, record, typed, special, checks) =
        (statics(&model), record(&model), typed(&model), special(&model), checks(&model));
    let flow = if has_flow(&model) { flow_check(&model) } else { TokenStream::new() };
    quote! {
        const _: () = {
            #statics
            #record
            #typed
            #special
            #checks
        };
        #flow
    }
}

/// The document's `FLOW`, found by name in the module, must lead to every state.
fn flow_check(model: &Model) -> TokenStream {
    let Some(member) = model.state_member() else {
        return TokenStream::new();
    };
    let ty = &member.ty;
    quote_spanned!(span_of(ty)=> const _: () = FLOW.check(<#ty>::COUNT);)
}

fn record(model: &Model) -> TokenStream {
    let (ident, identity) = (&model.ident, identity(model));
    let positions = 0..model.members.len();
    let names: Vec<_> = model.members.iter().map(|m| &m.ident).collect();
    let gets = positions.clone().zip(&model.members).map(|(i, member)| {
        let (name, ty) = (&member.ident, &member.ty);
        quote_spanned!(span_of(ty)=> #i => <#ty as ::paas_cell::__private::FieldValue>::to_value(&self.#name),)
    });
    let sets = positions.zip(names.iter().zip(&model.members)).map(|(i, (name, member))| {
        let ty = &member.ty;
        quote!(#i => self.#name = <#ty as ::paas_cell::__private::FieldValue>::from_value(value)?,)
    });
    let rows = row_methods(model);
    quote! {
        #[automatically_derived]
        impl ::paas_cell::__private::Record for #ident {
            fn meta(&self) -> &'static ::paas_cell::__private::TypeMeta {
                &__META
            }
            #identity
            fn get(&self, field: usize) -> ::paas_cell::__private::Value {
                match field {
                    #(#gets)*
                    _ => ::paas_cell::__private::Value::Null,
                }
            }
            fn set(
                &mut self,
                field: usize,
                value: ::paas_cell::__private::Value,
            ) -> ::core::result::Result<(), ::paas_cell::__private::ValueError> {
                match field {
                    #(#sets)*
                    _ => {
                        let _ = value;
                        return ::core::result::Result::Err(::paas_cell::__private::ValueError);
                    }
                }
                #[allow(unreachable_code)]
                ::core::result::Result::Ok(())
            }
            #rows
            fn blank_like(&self) -> ::std::boxed::Box<dyn ::paas_cell::__private::Record> {
                ::std::boxed::Box::new(<Self as ::paas_cell::__private::Typed>::blank())
            }
            fn boxed_clone(&self) -> ::std::boxed::Box<dyn ::paas_cell::__private::Record> {
                ::std::boxed::Box::new(::core::clone::Clone::clone(self))
            }
            fn as_any(&self) -> &dyn ::core::any::Any {
                self
            }
            fn as_any_mut(&mut self) -> &mut dyn ::core::any::Any {
                self
            }
            fn into_any(self: ::std::boxed::Box<Self>) -> ::std::boxed::Box<dyn ::core::any::Any> {
                self
            }
        }
    }
}

/// `id`, `set_id`, `head`, `head_mut`.
fn identity(model: &Model) -> TokenStream {
    let (get, set) = match model.shape {
        Shape::Document | Shape::Master | Shape::Setting => (quote!(self.head.id), quote!(self.head.id = id;)),
        Shape::Row | Shape::Entry | Shape::View => (quote!(self.id), quote!(self.id = id;)),
        Shape::Balance => (quote!(::paas_cell::__private::Id::NIL), quote!(let _ = id;)),
    };
    let (head, head_mut) = if model.shape.has_head() {
        (quote!(::core::option::Option::Some(&self.head)), quote!(::core::option::Option::Some(&mut self.head)))
    } else {
        (quote!(::core::option::Option::None), quote!(::core::option::Option::None))
    };
    quote! {
        fn id(&self) -> ::paas_cell::__private::Id {
            #get
        }
        fn set_id(&mut self, id: ::paas_cell::__private::Id) {
            #set
        }
        fn head(&self) -> ::core::option::Option<&::paas_cell::__private::Head> {
            #head
        }
        fn head_mut(&mut self) -> ::core::option::Option<&mut ::paas_cell::__private::Head> {
            #head_mut
        }
    }
}

/// The methods about rows.
fn row_methods(model: &Model) -> TokenStream {
    let arms = |make: fn(usize, &syn::Ident, &syn::Type) -> TokenStream| -> TokenStream {
        model.tables.iter().enumerate().map(|(i, table)| make(i, &table.ident, &table.row)).collect()
    };
    let counts = arms(|i, name, _| quote!(#i => self.#name.len(),));
    let gets =
        arms(|i, name, _| quote!(#i => self.#name.get(index).map(|row| row as &dyn ::paas_cell::__private::Record),));
    let muts = arms(
        |i, name, _| quote!(#i => self.#name.get_mut(index).map(|row| row as &mut dyn ::paas_cell::__private::Record),),
    );
    let pushes = arms(|i, name, row| {
        quote! {
            #i => {
                self.#name.push(<#row as ::paas_cell::__private::Typed>::blank());
                self.#name.last_mut().map(|row| row as &mut dyn ::paas_cell::__private::Record)
            }
        }
    });
    let keeps = arms(|i, name, _| quote!(#i => ::paas_cell::__private::derived::keep_rows(&mut self.#name, order),));
    quote! {
        fn row_count(&self, table: usize) -> usize {
            match table {
                #counts
                _ => 0,
            }
        }
        fn row(&self, table: usize, index: usize) -> ::core::option::Option<&dyn ::paas_cell::__private::Record> {
            let _ = index;
            match table {
                #gets
                _ => ::core::option::Option::None,
            }
        }
        fn row_mut(
            &mut self,
            table: usize,
            index: usize,
        ) -> ::core::option::Option<&mut dyn ::paas_cell::__private::Record> {
            let _ = index;
            match table {
                #muts
                _ => ::core::option::Option::None,
            }
        }
        fn push_row(&mut self, table: usize) -> ::core::option::Option<&mut dyn ::paas_cell::__private::Record> {
            match table {
                #pushes
                _ => ::core::option::Option::None,
            }
        }
        fn keep_rows(&mut self, table: usize, order: &[usize]) {
            let _ = order;
            match table {
                #keeps
                _ => {}
            }
        }
    }
}

fn typed(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let own = if model.shape.has_head() {
        quote!(head: ::core::default::Default::default(),)
    } else if model.shape.has_id() {
        quote!(id: ::paas_cell::__private::Id::NIL,)
    } else {
        TokenStream::new()
    };
    let fields = model.members.iter().map(|member| {
        let (name, ty) = (&member.ident, &member.ty);
        quote!(#name: <#ty as ::paas_cell::__private::FieldValue>::blank(),)
    });
    let tables = model.tables.iter().map(|table| {
        let name = &table.ident;
        quote!(#name: ::std::vec::Vec::new(),)
    });
    quote! {
        #[automatically_derived]
        impl ::paas_cell::__private::Typed for #ident {
            fn meta_of() -> &'static ::paas_cell::__private::TypeMeta {
                &__META
            }
            fn blank() -> Self {
                #ident { #own #(#fields)* #(#tables)* }
            }
        }
    }
}

/// `Document` for what has a state, `Entry` for entries.
fn special(model: &Model) -> TokenStream {
    let ident = &model.ident;
    if let (Shape::Entry, Some(balance)) = (model.shape, &model.attr.balance) {
        return quote! {
            #[automatically_derived]
            impl ::paas_cell::__private::Entry for #ident {
                type Balance = #balance;
            }
        };
    }
    let Some(member) = model.state_member() else {
        return TokenStream::new();
    };
    let (name, ty) = (&member.ident, &member.ty);
    quote! {
        #[automatically_derived]
        impl ::paas_cell::__private::Document for #ident {
            type State = #ty;
            fn state(&self) -> #ty {
                self.#name
            }
            fn set_state(&mut self, state: #ty) {
                self.#name = state;
            }
            fn head_of(&self) -> &::paas_cell::__private::Head {
                &self.head
            }
        }
    }
}

/// Implementations without sense, so that one wrong declaration does not make errors in every file that uses it.
fn stubs(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let stop = quote!(::core::unimplemented!());
    let document = match model.state_member() {
        Some(member) => {
            let ty = &member.ty;
            Some(quote!(#ty))
        }
        None if model.shape == Shape::Document => Some(quote!(::paas_cell::__private::MasterState)),
        None => None,
    };
    let document = document.map(|state| {
        quote! {
            impl ::paas_cell::__private::Document for #ident {
                type State = #state;
                fn state(&self) -> #state { #stop }
                fn set_state(&mut self, _: #state) {}
                fn head_of(&self) -> &::paas_cell::__private::Head { #stop }
            }
        }
    });
    let entry = (model.shape == Shape::Entry).then(|| {
        let balance = model.attr.balance.as_ref().map_or_else(|| quote!(#ident), |b| quote!(#b));
        quote!(impl ::paas_cell::__private::Entry for #ident { type Balance = #balance; })
    });
    let keys = (model.shape == Shape::Balance)
        .then(|| quote!(impl #ident { #[doc(hidden)] pub const __KEYS: &'static [&'static str] = &[]; }));
    quote! {
        const _: () = {
            impl ::paas_cell::__private::Record for #ident {
                fn meta(&self) -> &'static ::paas_cell::__private::TypeMeta { #stop }
                fn id(&self) -> ::paas_cell::__private::Id { #stop }
                fn set_id(&mut self, _: ::paas_cell::__private::Id) {}
                fn head(&self) -> ::core::option::Option<&::paas_cell::__private::Head> { #stop }
                fn head_mut(&mut self) -> ::core::option::Option<&mut ::paas_cell::__private::Head> { #stop }
                fn get(&self, _: usize) -> ::paas_cell::__private::Value { #stop }
                fn set(
                    &mut self,
                    _: usize,
                    _: ::paas_cell::__private::Value,
                ) -> ::core::result::Result<(), ::paas_cell::__private::ValueError> { #stop }
                fn row_count(&self, _: usize) -> usize { #stop }
                fn row(&self, _: usize, _: usize) -> ::core::option::Option<&dyn ::paas_cell::__private::Record> { #stop }
                fn row_mut(
                    &mut self,
                    _: usize,
                    _: usize,
                ) -> ::core::option::Option<&mut dyn ::paas_cell::__private::Record> { #stop }
                fn push_row(&mut self, _: usize) -> ::core::option::Option<&mut dyn ::paas_cell::__private::Record> { #stop }
                fn keep_rows(&mut self, _: usize, _: &[usize]) {}
                fn blank_like(&self) -> ::std::boxed::Box<dyn ::paas_cell::__private::Record> { #stop }
                fn boxed_clone(&self) -> ::std::boxed::Box<dyn ::paas_cell::__private::Record> { #stop }
                fn as_any(&self) -> &dyn ::core::any::Any { self }
                fn as_any_mut(&mut self) -> &mut dyn ::core::any::Any { self }
                fn into_any(self: ::std::boxed::Box<Self>) -> ::std::boxed::Box<dyn ::core::any::Any> { self }
            }
            impl ::paas_cell::__private::Typed for #ident {
                fn meta_of() -> &'static ::paas_cell::__private::TypeMeta { #stop }
                fn blank() -> Self { #stop }
            }
            #document
            #entry
            #keys
        };
    }
}
