//! A labelled field of an admin's form, with what was wrong with it the last time. Its id bears the form's name: a page
//! may ask for a password in more than one place.

use leptos::prelude::*;

use crate::api::Flash;

/// What a form looks like to its fields: which it is, and what came back.
#[derive(Clone)]
pub(super) struct Form {
    /// The last part of its function's address.
    pub name: &'static str,
    flash: Option<Flash>,
}

impl Form {
    pub fn new(name: &'static str, flash: Option<&Flash>) -> Self {
        let ours = |flash: &&Flash| flash.form == format!("/api/admin/{name}");
        Self { name, flash: flash.filter(ours).cloned() }
    }

    pub fn action(&self) -> String {
        format!("/api/admin/{}", self.name)
    }

    /// It failed, and is shown again.
    pub const fn came_back(&self) -> bool {
        self.flash.is_some()
    }

    /// What was typed, if the form came back.
    pub fn typed(&self, field: &str) -> Option<String> {
        self.flash.as_ref()?.values.get(field).cloned()
    }

    fn problem(&self, field: &str) -> Option<String> {
        let flash = self.flash.as_ref()?;
        (flash.field.as_deref() == Some(field)).then(|| flash.message.clone())
    }
}

#[component]
pub(super) fn TextControl(
    form: Form,
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(default = "text")] kind: &'static str,
    #[prop(into, optional)] value: String,
    #[prop(into, optional)] hint: String,
    #[prop(default = "off")] autocomplete: &'static str,
    #[prop(optional)] inputmode: Option<&'static str>,
) -> impl IntoView {
    let id = format!("{}-{}", form.name, name.replace(['[', ']'], "-"));
    let (hint_id, problem_id) = (format!("{id}-hint"), format!("{id}-problem"));
    let problem = form.problem(&name);
    let wrong = problem.is_some();
    let described_by = match (hint.is_empty(), wrong) {
        (true, false) => None,
        (true, true) => Some(problem_id.clone()),
        (false, false) => Some(hint_id.clone()),
        (false, true) => Some(format!("{problem_id} {hint_id}")),
    };
    let value = form.typed(&name).unwrap_or(value);
    view! {
        <div class="control">
            <label for=id.clone()>{label}</label>
            <input
                id=id
                name=name
                type=kind
                value=value
                autocomplete=autocomplete
                inputmode=inputmode
                required
                maxlength="1024"
                aria-invalid=wrong.then_some("true")
                aria-describedby=described_by
            />
            {problem.map(|problem| view! { <p id=problem_id class="problem">{problem}</p> })}
            {(!hint.is_empty()).then(|| view! { <p id=hint_id class="control-hint">{hint}</p> })}
        </div>
    }
}
