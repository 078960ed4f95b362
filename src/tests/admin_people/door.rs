//! The door: wrong passwords and codes, locks, codes from an app, one's own password and sessions.

use totp_rs::{Algorithm, Secret, TOTP};

use super::*;
use crate::domain::contact::Email;
use crate::workflows::admins::put_admin;

/// The page's words on the secret, as an app takes them.
async fn app_on_the_phone(app: &TestApp, cookie: &str) -> TOTP {
    let page = app.get_as(cookie, "/admin/account").await.body;
    assert!(page.contains("<svg") && page.contains("QR code for your app"), "no picture");
    let (_, after) = page.split_once("data-testid=\"totp-secret\">").expect("no secret");
    let secret: String = after.split('<').next().unwrap().chars().filter(|c| !c.is_whitespace()).collect();
    TOTP::new(Algorithm::SHA1, 6, 1, 30, Secret::Encoded(secret).to_bytes().unwrap(), None, String::new()).unwrap()
}

fn code(app: &TestApp, phone: &TOTP) -> String {
    phone.generate(u64::try_from(app.ctx.clock.now().seconds()).unwrap())
}

/// Turns codes on for whoever has this cookie. Gives the app and the recovery codes.
async fn turn_codes_on(app: &TestApp, cookie: &str) -> (TOTP, Vec<String>) {
    assert_eq!(app.post_as(cookie, "/api/admin/begin_totp", &[]).await.status, 303);
    let phone = app_on_the_phone(app, cookie).await;
    let confirmed = app.post_as(cookie, "/api/admin/confirm_totp", &[("code", &code(app, &phone))]).await;
    assert_eq!(confirmed.status, 303, "{}", confirmed.body);
    let once = confirmed.cookie("rolitt_once").unwrap();
    let page = app.get_as(&format!("{cookie}; {once}"), "/admin/account").await.body;
    let (_, list) = page.split_once("data-testid=\"recovery-codes\"").expect("no recovery codes");
    let list = list.split("</ul>").next().unwrap();
    let codes: Vec<String> =
        list.split("<code>").skip(1).map(|item| item.split('<').next().unwrap().to_owned()).collect();
    assert_eq!(codes.len(), 10);
    assert!(!app.get_as(cookie, "/admin/account").await.body.contains(&codes[0]), "they are shown twice");
    (phone, codes)
}

/// As far as the password brings: the cookie of a session that awaits its code.
async fn half_way(app: &TestApp) -> String {
    let stepped = log_in(app, ADMIN.0, ADMIN.1).await;
    assert_eq!((stepped.status, stepped.location()), (303, "/admin/login?step=code&next=%2Fadmin"), "{}", stepped.body);
    stepped.cookie("rolitt_admin").unwrap()
}

async fn enter(app: &TestApp, half: &str, code: &str) -> Answer {
    app.post_as(half, "/api/admin/enter_code", &[("code", code), ("next", "/admin/payments")]).await
}

fn code_of(answer: &Answer) -> String {
    answer.json()["error"]["code"].as_str().unwrap().to_owned()
}

on_both! {
    async fn with_codes_on_the_password_alone_opens_nothing(app: TestApp) {
        let cookie = app.sign_in_as(Role::Owner).await;
        let (phone, _) = turn_codes_on(app, &cookie).await;
        let half = half_way(app).await;
        assert_eq!(app.get_as(&half, "/admin").await.status, 303, "half a login opens a page");
        assert_eq!(app.post_as(&half, "/api/admin/begin_totp", &[]).await.status, 401, "half a login does something");
        assert!(app.get_as(&half, "/admin/login?step=code").await.body.contains("Enter your code"));
        assert_eq!(enter(app, &half, "000000").await.status, 422);
        assert_eq!(code_of(&enter(app, &half, &code(app, &phone)).await), "wrong_code", "the code of confirming opens once more");
        app.advance(Duration::from_secs(30));
        let fresh = code(app, &phone);
        let opened = enter(app, &half, &fresh).await;
        assert_eq!((opened.status, opened.location()), (303, "/admin/payments"), "{}", opened.body);
        let session = opened.cookie("rolitt_admin").unwrap();
        assert_ne!(session, half, "the cookie is the one from before the code");
        assert_eq!(app.get_as(&session, "/admin").await.status, 200);
        assert_eq!(code_of(&enter(app, &half, &fresh).await), "code_late", "the first step is used twice");
        let half = half_way(app).await;
        assert_eq!(code_of(&enter(app, &half, &fresh).await), "wrong_code", "a code opens twice");
        app.advance(Duration::from_mins(5));
        assert_eq!(code_of(&enter(app, &half, &code(app, &phone)).await), "code_late");
        assert_eq!(code_of(&enter(app, "rolitt_admin=forged", "000000").await), "code_late");
    }

    async fn a_recovery_code_opens_once_and_new_ones_replace_the_old(app: TestApp) {
        let cookie = app.sign_in_as(Role::Owner).await;
        let (phone, codes) = turn_codes_on(app, &cookie).await;
        let kept = format!("SELECT COUNT(*) FROM admin_recovery_codes WHERE code_hash = '{}'", codes[0]);
        assert_eq!(app.count(&kept).await, 0, "a recovery code is kept as it is");
        let half = half_way(app).await;
        let typed = codes[0].to_uppercase().replace('-', " ");
        assert_eq!(enter(app, &half, &typed).await.status, 303);
        assert_eq!(logged(app, "recovery_code_used", ADMIN.0).await, 1);
        let half = half_way(app).await;
        assert_eq!(code_of(&enter(app, &half, &codes[0]).await), "wrong_code", "it opens twice");
        assert!(app.get_as(&cookie, "/admin/account").await.body.contains("9 recovery codes are left"));
        app.advance(Duration::from_mins(1));
        let renewed = app.post_as(&cookie, "/api/admin/make_recovery_codes", &[("code", &code(app, &phone))]).await;
        assert_eq!(renewed.status, 303, "{}", renewed.body);
        let half = half_way(app).await;
        assert_eq!(code_of(&enter(app, &half, &codes[1]).await), "wrong_code", "a replaced code opens");
    }

    async fn codes_are_turned_off_with_both_keys_or_by_an_owner(app: TestApp) {
        let owner = app.sign_in_as(Role::Owner).await;
        let (phone, codes) = turn_codes_on(app, &owner).await;
        app.advance(Duration::from_mins(1));
        let off = async |password: &str, code: &str| app.post_as(&owner, "/api/admin/disable_totp", &[("password", password), ("code", code)]).await;
        assert_eq!(code_of(&off("wrong", &code(app, &phone)).await), "wrong_password");
        assert_eq!(code_of(&off(ADMIN.1, "000000").await), "wrong_code");
        assert_eq!(off(ADMIN.1, &codes[3]).await.status, 303);
        assert_eq!(log_in(app, ADMIN.0, ADMIN.1).await.location(), "/admin");
        let support = app.sign_in_as(Role::Support).await;
        turn_codes_on(app, &support).await;
        let id = id_of(app, "support@example.com").await;
        assert_eq!(app.post_as(&owner, "/api/admin/turn_off_codes", &[("id", &id)]).await.status, 303);
        assert_eq!(log_in(app, "support@example.com", ADMIN.1).await.location(), "/admin");
        assert_eq!(app.count("SELECT COUNT(*) FROM admin_recovery_codes").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM audit_log WHERE action = 'totp_disabled'").await, 2);
    }

    async fn five_wrong_passwords_lock_the_account_and_its_answer_says_no_more_than_a_strangers(app: TestApp) {
        let ladder = async |email: &str| {
            let mut told = Vec::new();
            for _ in 0..6 {
                let answer = log_in(app, email, "wrong").await;
                told.push((answer.status, answer.json()["error"]["message"].as_str().unwrap().to_owned(), answer.header("retry-after").is_empty()));
            }
            told
        };
        let (known, unknown) = (ladder(ADMIN.0).await, ladder("eve@example.com").await);
        assert_eq!(known.iter().map(|(status, ..)| *status).collect::<Vec<_>>(), [401, 401, 401, 401, 401, 429]);
        assert_eq!(known[5].1, "Too many attempts. Try again in 1 minute.");
        assert_eq!(known, unknown, "a lock tells who exists");
        let right = log_in(app, ADMIN.0, ADMIN.1).await;
        assert_eq!((right.status, code_of(&right)), (429, "locked_out".into()), "the right password is told apart");
        assert_eq!((logged(app, "login_failed", ADMIN.0).await, logged(app, "locked_out", ADMIN.0).await), (5, 1));
        let named = "SELECT COUNT(*) FROM audit_log WHERE action = 'login_failed' AND actor_id IS NOT NULL";
        assert_eq!(app.count(named).await, 0, "whoever failed is called by an id");
        app.advance(Duration::from_mins(1));
        assert_eq!(log_in(app, ADMIN.0, "wrong").await.status, 401);
        let message = log_in(app, ADMIN.0, "wrong").await.json()["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(message, "Too many attempts. Try again in 2 minutes.");
        app.advance(Duration::from_mins(2));
        assert_eq!(log_in(app, ADMIN.0, ADMIN.1).await.status, 303);
        assert_eq!(app.count("SELECT failed_logins FROM admins").await, 0);
    }

    async fn guesses_from_many_connections_stand_in_line(app: TestApp) {
        let answers = futures::future::join_all((0..24).map(|_| log_in(app, ADMIN.0, "wrong"))).await;
        let heard = answers.iter().filter(|answer| answer.status == 401).count();
        let refused = answers.iter().filter(|answer| answer.status == 429).count();
        assert_eq!((heard, refused), (5, 19));
        assert_eq!(app.count("SELECT failed_logins FROM admins").await, 5);
    }

    async fn wrong_codes_lock_too_and_the_right_password_does_not_begin_the_count_anew(app: TestApp) {
        let cookie = app.sign_in_as(Role::Owner).await;
        let (phone, _) = turn_codes_on(app, &cookie).await;
        for _ in 0..5 {
            let half = half_way(app).await;
            assert_eq!(code_of(&enter(app, &half, "000000").await), "wrong_code");
        }
        assert_eq!(log_in(app, ADMIN.0, ADMIN.1).await.status, 429);
        app.advance(Duration::from_mins(1));
        let half = half_way(app).await;
        assert_eq!(enter(app, &half, &code(app, &phone)).await.status, 303);
        assert_eq!(logged(app, "locked_out", ADMIN.0).await, 1);
    }

    async fn the_command_line_lets_a_locked_and_disabled_admin_in_again_and_is_written_down(app: TestApp) {
        let cookie = app.sign_in_as(Role::Support).await;
        for _ in 0..5 {
            log_in(app, "support@example.com", "wrong").await;
        }
        app.ctx.db.execute("UPDATE admins SET disabled_at = created_at WHERE role = 'support'").await;
        let email = Email::parse("support@example.com").unwrap();
        assert!(!put_admin(&app.ctx, &email, PASSWORD, Role::Viewer).await.unwrap());
        assert_eq!(app.get_as(&cookie, "/admin").await.status, 303, "a session outlives the new password");
        let back = log_in(app, "support@example.com", PASSWORD).await;
        assert_eq!(back.status, 303, "{}", back.body);
        let by = "SELECT COUNT(*) FROM audit_log WHERE actor = 'command line' AND actor_id IS NULL AND subject = 'support@example.com'";
        assert_eq!(app.count(&format!("{by} AND action IN ('admin_created', 'password_changed', 'admin_enabled')")).await, 3);
    }

    async fn a_new_password_asks_for_the_present_one_and_ends_other_sessions(app: TestApp) {
        let (here, there) = (app.sign_in_as(Role::Owner).await, app.sign_in_as(Role::Owner).await);
        let change = async |present: &str, new: &str| app.post_as(&here, "/api/admin/change_password", &[("password", present), ("new_password", new)]).await;
        let wrong = change("wrong", PASSWORD).await;
        assert_eq!((wrong.status, code_of(&wrong)), (422, "wrong_password".into()));
        let short = change(ADMIN.1, "short").await;
        assert_eq!((short.status, short.json()["error"]["field"].as_str().unwrap().to_owned()), (422, "new_password".into()));
        assert_eq!(change(ADMIN.1, PASSWORD).await.status, 303);
        assert_eq!((app.get_as(&here, "/admin").await.status, app.get_as(&there, "/admin").await.status), (200, 303));
        assert_eq!((log_in(app, ADMIN.0, ADMIN.1).await.status, log_in(app, ADMIN.0, PASSWORD).await.status), (401, 303));
        assert_eq!(logged(app, "password_changed", ADMIN.0).await, 1);
    }

    async fn ones_sessions_are_listed_in_words_and_ended_from_afar(app: TestApp) {
        let login = app.http.post(format!("{}/api/admin/login", app.base)).header("user-agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) CriOS/126.0 Safari/604.1");
        let phone = Answer::of(login.form(&[("email", ADMIN.0), ("password", ADMIN.1)]).send().await.unwrap()).await.cookie("rolitt_admin").unwrap();
        let id = app.scalar("SELECT id FROM admin_sessions").await.unwrap();
        let here = app.sign_in_as(Role::Owner).await;
        let page = app.get_as(&here, "/admin/account").await.body;
        assert!(page.contains("Chrome on iPhone") && page.contains("127.0.0.1") && page.contains("This one"), "{page}");
        let stranger = app.sign_in_as(Role::Viewer).await;
        assert_eq!(app.post_as(&stranger, "/api/admin/end_session", &[("id", &id)]).await.status, 422, "somebody ends another's session");
        assert_eq!(app.get_as(&phone, "/admin").await.status, 200);
        assert_eq!(app.post_as(&here, "/api/admin/end_session", &[("id", &id)]).await.status, 303);
        assert_eq!(app.get_as(&phone, "/admin").await.status, 303);
        let other = app.sign_in_as(Role::Owner).await;
        assert_eq!(app.post_as(&here, "/api/admin/end_other_sessions", &[]).await.status, 303);
        assert_eq!((app.get_as(&other, "/admin").await.status, app.get_as(&here, "/admin").await.status), (303, 200));
        let own = app.scalar(&format!("SELECT s.id FROM admin_sessions s JOIN admins a ON a.id = s.admin_id WHERE a.email = '{}'", ADMIN.0)).await.unwrap();
        let ended = app.post_as(&here, "/api/admin/end_session", &[("id", &own)]).await;
        assert_eq!((ended.status, ended.location()), (303, "/admin/login"));
    }

    async fn a_session_is_marked_as_seen_once_a_minute(app: TestApp) {
        let cookie = app.sign_in_as(Role::Owner).await;
        let seen = async || app.count("SELECT COUNT(*) FROM admin_sessions WHERE last_seen_at > created_at").await;
        app.advance(Duration::from_secs(59));
        app.get_as(&cookie, "/admin/audit").await;
        assert_eq!(seen().await, 0, "it is written with every page");
        app.advance(Duration::from_secs(2));
        app.get_as(&cookie, "/admin/audit").await;
        assert_eq!(seen().await, 1);
    }
}
