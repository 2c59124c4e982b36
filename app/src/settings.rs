//! What was asked for: the command line, the environment and the settings file, in this order of weight, over the
//! defaults. A key of the file is the long name of an option of `serve`.

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use toml::Value;

/// The subcommand that has a settings file.
const SERVE: &str = "serve";
/// The option that names it.
const CONFIG: &str = "config";

/// Reads the arguments of this process. `--help` and `--version` print and end the process; every other error is one
/// sentence.
pub(crate) fn read(command: Command) -> Result<ArgMatches, String> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let command = match settings_file(&command, &arguments) {
        Some(file) => with_file(command, &file)?,
        None => command,
    };
    match command.try_get_matches_from(arguments) {
        Ok(matches) => Ok(matches),
        Err(error) if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            error.exit()
        }
        Err(error) => Err(format!("{}; see superpaas --help.", sentence(&error))),
    }
}

/// The file that the command line or the environment names, whatever else stands there.
fn settings_file(command: &Command, arguments: &[OsString]) -> Option<PathBuf> {
    let lenient = command.clone().ignore_errors(true).mut_subcommand(SERVE, |serve| serve.ignore_errors(true));
    let matches = lenient.try_get_matches_from(arguments).ok()?;
    let (name, serve) = matches.subcommand()?;
    if name == SERVE { serve.get_one::<PathBuf>(CONFIG).cloned() } else { None }
}

/// The command with the values of the file as its defaults.
fn with_file(command: Command, path: &Path) -> Result<Command, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|e| format!("The settings file {shown} cannot be read: {e}."))?;
    let table: toml::Table = toml::from_str(&text).map_err(|e| {
        let before = e.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        format!("The settings file {shown}, line {}: {}.", before.lines().count().max(1), e.message())
    })?;
    let options = options(&command);
    let mut found: Vec<(clap::Id, Vec<OsString>)> = Vec::new();
    let mut spoken = vec![OsString::from("superpaas"), OsString::from(SERVE)];
    for (key, value) in &table {
        let Some(option) = options.iter().find(|option| option.get_long() == Some(key)) else {
            let known: Vec<&str> = options.iter().filter_map(|option| option.get_long()).collect();
            return Err(format!(
                "The settings file {shown} has an unknown setting {key}; known are {}.",
                known.join(", ")
            ));
        };
        let flag = !option.get_action().takes_values();
        let wrong = |what| format!("The settings file {shown}: {key} must be {what}.");
        match (flag, value) {
            (true, Value::Boolean(on)) => found.push((option.get_id().clone(), vec![on.to_string().into()])),
            (true, _) => return Err(wrong("true or false")),
            (false, value) => {
                let texts = texts(value).ok_or_else(|| wrong("a text, a number or a list of texts"))?;
                spoken.extend(texts.iter().map(|text| format!("--{key}={text}").into()));
                found.push((option.get_id().clone(), texts.into_iter().map(OsString::from).collect()));
            }
        }
    }
    check(&command, spoken).map_err(|why| format!("The settings file {shown}: {why}."))?;
    Ok(command.mut_subcommand(SERVE, |serve| {
        found.into_iter().fold(serve, |serve, (id, values)| {
            serve.mut_arg(id, |option| option.default_values(values).required(false))
        })
    }))
}

/// The options of `serve` that may stand in the file.
fn options(command: &Command) -> Vec<Arg> {
    let serve = command.find_subcommand(SERVE);
    let all = serve.into_iter().flat_map(Command::get_arguments).cloned();
    all.filter(|option| !matches!(option.get_long(), None | Some(CONFIG | "help" | "version"))).collect()
}

/// The texts of a value, as they would stand on a command line.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Integer(number) => Some(vec![number.to_string()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// Whether the values of the file would do on a command line of their own, so that a wrong one is told as the file's.
fn check(command: &Command, spoken: Vec<OsString>) -> Result<(), String> {
    let ids: Vec<clap::Id> = options(command).iter().map(|option| option.get_id().clone()).collect();
    let alone = command.clone().mut_subcommand(SERVE, |serve| {
        ids.into_iter()
            .fold(serve, |serve, id| serve.mut_arg(id, |option| option.required(false).env(Resettable::Reset)))
    });
    match alone.try_get_matches_from(spoken) {
        Err(error) if error.kind() != ErrorKind::MissingRequiredArgument => Err(sentence(&error)),
        _ => Ok(()),
    }
}

/// What an error of the command line says, without usage and hints, on one line.
fn sentence(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = first.split_whitespace().collect();
    let sentence = words.join(" ");
    sentence.strip_prefix("error: ").unwrap_or(&sentence).trim_end_matches('.').to_owned()
}
