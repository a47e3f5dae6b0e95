//! Somebody who is not root, at a shell, with `sudo`.

use super::runner::Outcome;
use crate::payload::DIRECTORY;
use std::error::Error;
use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The user's name and number.
const NAME: &str = "nobody";
const ID: u32 = 65534;
/// The command that gives root's rights: this program, by another name.
pub(crate) const SUDO: &str = "sudo";
/// Where the shell looks for commands.
const PATH: &str = "/bin:/usr/bin";
/// Begins the line behind what a command says; its exit code follows.
const END: &str = "@end ";

/// What a command says, on both of its outputs.
type Said = Result<String, Box<dyn Error + Send + Sync>>;

/// Does what its arguments say, as root. The file has to be root's, with the set-user-ID bit.
pub(crate) fn sudo() -> ! {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().unwrap_or_default();
    let mut command = Command::new(&program);
    command.args(arguments).env("SUDO_USER", NAME);
    let error = command.gid(0).uid(0).exec();
    eprintln!("sudo: {}: {error}", program.display());
    std::process::exit(1)
}

/// Makes the user known, gives it the files, and puts `sudo` where the shell finds it.
fn settle() -> io::Result<()> {
    let sudo = Path::new("/bin").join(SUDO);
    if sudo.exists() {
        return Ok(());
    }
    fs::create_dir_all("/etc")?;
    let users = format!("root:x:0:0::/:/bin/bash\n{NAME}:x:{ID}:{ID}::/:/bin/bash\n");
    fs::write("/etc/passwd", users)?;
    chown(DIRECTORY, Some(ID), Some(ID))?;
    for entry in fs::read_dir(DIRECTORY)? {
        chown(entry?.path(), Some(ID), Some(ID))?;
    }
    fs::set_permissions("/init", Permissions::from_mode(0o4755))?;
    symlink("/init", sudo)
}

/// The user's shell, in the directory of the files.
pub(super) struct Shell {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Shell {
    pub(super) fn start() -> Result<Self, Box<dyn Error + Send + Sync>> {
        settle()?;
        let mut command = Command::new("/bin/bash");
        command.env_clear().env("PATH", PATH).env("USER", NAME);
        command.current_dir(DIRECTORY).gid(ID).uid(ID);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let input = child.stdin.take().ok_or("no pipe")?;
        let output = child.stdout.take().map(BufReader::new).ok_or("no pipe")?;
        let mut shell = Self {
            child,
            input,
            output,
        };
        shell.does("exec 2>&1")?;
        Ok(shell)
    }

    /// Runs a line: whether it went well, and what it says.
    fn run(&mut self, line: &str) -> Result<(bool, String), Box<dyn Error + Send + Sync>> {
        writeln!(self.input, "{line}\nprintf '\\n{END}%d\\n' $?")?;
        let mut said = String::new();
        let mut read = String::new();
        while self.output.read_line(&mut read)? > 0 {
            if let Some(code) = read.strip_prefix(END) {
                return Ok((code.trim_end() == "0", said));
            }
            said += &std::mem::take(&mut read);
        }
        Err(format!("{line}: the shell ended: {said}").into())
    }

    /// Runs a line that has to go well; what it says.
    pub(super) fn does(&mut self, line: &str) -> Said {
        match self.run(line)? {
            (true, said) => Ok(said),
            (false, said) => Err(format!("{line}: {said}").into()),
        }
    }

    /// Runs a line that has to fail, and to name a remedy.
    pub(super) fn fails(&mut self, line: &str, remedy: &str) -> Outcome {
        let (well, said) = self.run(line)?;
        assert!(
            !well && said.contains(remedy),
            "{line}: no '{remedy}' in {said}"
        );
        Ok(())
    }
}
