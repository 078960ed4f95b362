//! A labelled text field with its hint and its error. The error's paragraph is always in the page (see
//! `islands::field_message`), hidden while there is nothing to say.

use leptos::prelude::*;

#[component]
pub fn Field(
    /// The field's name, and its id.
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(default = "text")] kind: &'static str,
    #[prop(into, optional)] value: String,
    #[prop(into, optional)] hint: String,
    #[prop(into, optional)] error: String,
    autocomplete: &'static str,
    #[prop(optional)] required: bool,
    #[prop(default = 254)] maxlength: u16,
) -> impl IntoView {
    let error_id = format!("{name}-error");
    let hint_id = format!("{name}-hint");
    let wrong = !error.is_empty();
    let described_by = if hint.is_empty() { error_id.clone() } else { format!("{error_id} {hint_id}") };
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input
                id=name
                name=name
                type=kind
                value=value
                autocomplete=autocomplete
                required=required
                maxlength=maxlength
                aria-invalid=wrong.then_some("true")
                aria-describedby=described_by
                autofocus=wrong
            />
            <p id=error_id class="field-error" aria-live="polite" hidden=!wrong>{error}</p>
            {(!hint.is_empty()).then(|| view! { <p id=hint_id class="hint">{hint}</p> })}
        </div>
    }
}
