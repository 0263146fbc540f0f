//! What the embedded default prints on standard output when it is up: where to look, and how to sign in.

/// The sign-in that is shown.
pub(crate) struct SignIn<'a> {
    /// The first administrator's address.
    pub(crate) email: &'a str,
    /// Their password, if it was made just now; it is shown this once.
    pub(crate) new_password: Option<&'a str>,
}

/// The greeting, for a person at a terminal.
pub(crate) fn greeting(base_url: &str, sign_in: &SignIn<'_>) -> String {
    let password = sign_in.new_password.unwrap_or("YOUR-PASSWORD");
    let email = sign_in.email;
    let remark = match sign_in.new_password {
        Some(_) => "The password was made for this installation and is shown this once.",
        None => {
            "The password was shown when the data folder was made; without it, begin with a new data folder."
        }
    };
    format!(
        "\nChatloom is running.\n\n  \
         Demo shop  {base_url}/demo\n  \
         API        {base_url}/api/docs\n  \
         Sign in    curl -c cookies.txt -H 'Content-Type: application/json' \\\n             \
         -d '{{\"email\":\"{email}\",\"password\":\"{password}\"}}' \\\n             \
         {base_url}/api/auth/login\n\n\
         {remark}\n\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_password_is_part_of_the_line_to_copy() {
        let sign_in = SignIn { email: "admin@chatloom.local", new_password: Some("0123abcd") };
        let text = greeting("http://127.0.0.1:8080", &sign_in);
        assert!(text.contains(r#"-d '{"email":"admin@chatloom.local","password":"0123abcd"}'"#), "{text}");
        assert!(text.contains("http://127.0.0.1:8080/demo"), "{text}");
    }

    #[test]
    fn a_known_password_is_not_made_up() {
        let sign_in = SignIn { email: "ada@example.com", new_password: None };
        assert!(greeting("http://127.0.0.1:8080", &sign_in).contains("YOUR-PASSWORD"));
    }
}
