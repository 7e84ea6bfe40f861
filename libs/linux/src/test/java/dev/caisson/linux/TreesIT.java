package dev.caisson.linux;

import static dev.caisson.linux.Failures.assertErrno;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trees that somebody else has filled, perhaps an enemy. */
final class TreesIT {
  @TempDir private Path base;
  private Path tree;

  @BeforeEach
  void make() throws Exception {
    tree = Files.createDirectory(base.resolve("tree"));
  }

  private void remove(String name) {
    try (Fd parent = Kernel.open().files().open(base, OpenFlag.DIRECTORY)) {
      Trees.remove(parent, name);
    }
  }

  /** By a program, since Java can name neither such paths nor such files. */
  private void shell(String script) throws Exception {
    Process process =
        new ProcessBuilder("sh", "-c", script).directory(tree.toFile()).inheritIO().start();
    assertThat(process.waitFor()).isZero();
  }

  @Test
  void makesADirectoryOfTheMode() throws Exception {
    try (Fd parent = Kernel.open().files().open(base, OpenFlag.DIRECTORY);
        Fd made = Trees.make(parent, "new", 0700)) {
      assertThat(Kernel.open().files().status(made).mode()).isEqualTo(0700);
      assertErrno(Errno.EEXIST, () -> Trees.make(parent, "new", 0700));
    }
  }

  /** As after a swap between mkdirat(2) and openat2(2). */
  @Test
  void takesNoDirectoryThatItHasNotMade() throws Exception {
    shell("mkdir own other wide file; chmod 700 own other file; chmod 755 wide; chown 1 other");
    shell("ln -s own link; rmdir file; : > file; chmod 700 file");
    try (Fd parent = Kernel.open().files().open(tree, OpenFlag.DIRECTORY)) {
      Trees.openMade(parent, "own", 0700).close();
      assertErrno(Errno.ESTALE, () -> Trees.openMade(parent, "other", 0700));
      assertErrno(Errno.ESTALE, () -> Trees.openMade(parent, "wide", 0700));
      assertErrno(Errno.ELOOP, () -> Trees.openMade(parent, "link", 0700));
      assertErrno(Errno.ENOTDIR, () -> Trees.openMade(parent, "file", 0700));
    }
  }

  @Test
  void removesWhatIsInIt() throws Exception {
    shell("mkdir -p a/b/c d; touch a/1 a/b/2 d/3 .hidden; mkfifo d/pipe; chmod 000 a");
    remove("tree");
    assertThat(tree).doesNotExist();
  }

  @Test
  void removesAFileAndWhatIsNotThere() throws Exception {
    Files.createFile(base.resolve("file"));
    remove("file");
    remove("file");
    assertThat(base.resolve("file")).doesNotExist();
  }

  @Test
  void removesMoreNamesThanAreReadAtATime() throws Exception {
    shell("i=0; while [ $i -lt 1000 ]; do : > name-of-a-file-$i; i=$((i+1)); done");
    remove("tree");
    assertThat(tree).doesNotExist();
  }

  @Test
  void removesNamesThatAreNoText() throws Exception {
    shell("mkdir \"$(printf 'x\\377\\200')\"; touch \"$(printf 'x\\377\\200')/$(printf '\\376')\"");
    remove("tree");
    assertThat(tree).doesNotExist();
  }

  @Test
  void removesWhatIsDeeperThanAPathOrAStack() throws Exception {
    shell(
        "perl -e 'for (1..5000) { mkdir \"d\" or die $!; chdir \"d\" or die $!; }"
            + " open(F, \">\", \"file\") or die $!'");
    remove("tree");
    assertThat(tree).doesNotExist();
  }

  @Test
  void followsNoLink() throws Exception {
    Path kept = Files.createDirectory(base.resolve("kept"));
    Files.createFile(kept.resolve("file"));
    shell("ln -s ../kept link; mkdir d; ln -s ../../kept d/link; ln -s / root");
    remove("tree");
    assertThat(kept.resolve("file")).exists();
    assertThat(tree).doesNotExist();
  }

  @Test
  void entersNoMount() throws Exception {
    Path kept = Files.createDirectory(base.resolve("kept"));
    Files.createFile(kept.resolve("file"));
    shell("mkdir d; mount --bind " + kept + " d");
    try {
      assertThatThrownBy(() -> remove("tree")).isInstanceOf(LinuxException.class);
      assertThat(kept.resolve("file")).exists();
    } finally {
      shell("umount d");
    }
  }

  @Test
  void isNotFooledByWhatIsSwappedForALinkMeanwhile() throws Exception {
    Path kept = Files.createDirectory(base.resolve("kept"));
    Files.createFile(kept.resolve("file"));
    shell("for i in 1 2 3 4 5 6 7 8; do mkdir -p d$i/a/b; touch d$i/a/b/f; done");
    Process swapping =
        new ProcessBuilder(
                "sh",
                "-c",
                "while :; do for i in 1 2 3 4 5 6 7 8; do rm -rf d$i; ln -s ../kept d$i; rm -f d$i;"
                    + " mkdir -p d$i/a/b; done; done 2>/dev/null")
            .directory(tree.toFile())
            .start();
    try {
      for (int i = 0; i < 8; i++) {
        removeIfItLets();
      }
    } finally {
      swapping.destroyForcibly().waitFor();
    }
    remove("tree");
    assertThat(kept.resolve("file")).exists();
    assertThat(tree).doesNotExist();
  }

  private void removeIfItLets() {
    try {
      remove("tree");
    } catch (LinuxException e) {
      assertThat(e.errno()).isIn(Errno.ENOTEMPTY, Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP);
    }
  }

  @Test
  void takesOnlyNames() {
    for (String name : new String[] {"", ".", "..", "a/b", "a\0b"}) {
      assertThatThrownBy(() -> remove(name)).isInstanceOf(IllegalArgumentException.class);
    }
  }
}
