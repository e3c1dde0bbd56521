package org.secondsite.pki;

import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.secondsite.config.TlsFiles;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code secondsite pki}: a certificate authority for laboratories. Real deployments bring their own. */
@Command(
        name = "pki",
        mixinStandardHelpOptions = true,
        description =
                "Make a test authority (ca.crt, ca.key, ca.crl), unless there is one, and a certificate and key for each"
                        + " name: a.crt, a.key, …",
        subcommands = {PkiCommand.Renew.class, PkiCommand.Revoke.class})
public final class PkiCommand implements Callable<Integer> {
    @Option(names = "--directory", description = "Where the files go.")
    private Path directory;

    @Parameters(paramLabel = "NAME", arity = "0..*", description = "Sites, hosts of agents, and 'witness'.")
    private List<String> names;

    @Spec
    private CommandSpec spec;

    /** Runs the command and exits with its code: 0 done, 1 a file cannot be written, 2 the command line is wrong. */
    public static void main(String[] arguments) {
        System.exit(execute(arguments));
    }

    /** Runs the command. */
    public static int execute(String... arguments) {
        return new CommandLine(new PkiCommand())
                .setExecutionExceptionHandler((failure, line, _) -> {
                    line.getErr().println("secondsite: " + failure);
                    return 1;
                })
                .execute(arguments);
    }

    @Override
    public Integer call() throws Exception {
        if (directory == null || names == null) {
            throw new ParameterException(spec.commandLine(), "--directory=DIR and at least one NAME are needed");
        }
        write(directory, names);
        spec.commandLine().getOut().println("wrote ca.crt and certificates for " + names + " to " + directory);
        return 0;
    }

    /**
     * Writes {@code NAME.crt} and {@code NAME.key} for each name, of the authority that is in the directory; makes it, if there is none.
     *
     * @throws Exception if a file cannot be written, or the machine lacks an algorithm
     */
    public static void write(Path directory, List<String> names) throws Exception {
        TestAuthority authority = Files.exists(TlsFiles.in(directory, "ca").key())
                ? TestAuthority.existing(directory)
                : new TestAuthority(directory);
        for (String name : names) {
            authority.issue(name);
        }
    }

    /** {@code secondsite pki renew}: whoever uses the files takes the new ones up by itself. */
    @Command(
            name = "renew",
            description = "Give each name a new key and certificate of the same authority, in place of its files.")
    static final class Renew implements Callable<Integer> {
        @Option(names = "--directory", required = true, description = "Where the files are.")
        private Path directory;

        @Option(names = "--revoke", description = "Revoke what each had before.")
        private boolean revoke;

        @Parameters(paramLabel = "NAME", arity = "1..*", description = "Holders of certificates.")
        private List<String> names;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws Exception {
            TestAuthority authority = TestAuthority.existing(directory);
            for (String name : names) {
                Path before = TlsFiles.in(directory, name).certificate();
                if (!Files.exists(before)) {
                    throw new NoSuchFileException(before.toString(), null, "nothing can be renewed");
                }
                // The new certificate is there before the old one is gone, and is on no list.
                TestAuthority.Revocation old = authority.issuedTo(name);
                authority.issue(name);
                if (revoke) {
                    authority.revoke(old);
                }
            }
            spec.commandLine().getOut().println("renewed " + names + (revoke ? ", and revoked what they had" : ""));
            return 0;
        }
    }

    /** {@code secondsite pki revoke}. */
    @Command(
            name = "revoke",
            description = "Revoke every certificate that these names have; daemons whose 'crl' is ca.crl end their"
                    + " connections.")
    static final class Revoke implements Callable<Integer> {
        @Option(names = "--directory", required = true, description = "Where the files are.")
        private Path directory;

        @Parameters(paramLabel = "NAME", arity = "1..*", description = "Holders of certificates.")
        private List<String> names;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws Exception {
            TestAuthority authority = TestAuthority.existing(directory);
            for (String name : names) {
                authority.revoke(name);
            }
            spec.commandLine().getOut().println("revoked the certificates of " + names + " in " + authority.list());
            return 0;
        }
    }
}
