package org.secondsite.pki;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code secondsite pki}: a certificate authority for laboratories. Real deployments bring their own. */
@Command(
        name = "pki",
        mixinStandardHelpOptions = true,
        description = "Make a test authority (ca.crt) and a certificate and key for each name: a.crt, a.key, …")
public final class PkiCommand implements Callable<Integer> {
    @Option(names = "--directory", required = true, description = "Where the files go.")
    private Path directory;

    @Parameters(paramLabel = "NAME", arity = "1..*", description = "Sites, and 'witness'.")
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
        write(directory, names);
        spec.commandLine().getOut().println("wrote ca.crt and certificates for " + names + " to " + directory);
        return 0;
    }

    /**
     * Writes {@code ca.crt}, and {@code NAME.crt} and {@code NAME.key} for each name. The authority's key is not kept.
     *
     * @throws Exception if a file cannot be written, or the machine lacks an algorithm
     */
    public static void write(Path directory, List<String> names) throws Exception {
        TestAuthority authority = new TestAuthority(directory);
        for (String name : names) {
            authority.issue(name);
        }
    }
}
