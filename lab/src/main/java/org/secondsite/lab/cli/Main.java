package org.secondsite.lab.cli;

import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ScopeType;

/** What {@code ./secondsite} runs for the commands that need the lab. Exit codes: 0 done, 1 failed, 2 wrong command line. */
@Command(
        name = "secondsite",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        subcommands = {LabCommands.class, DemoCommand.class})
public final class Main {
    private Main() {}

    /** Runs a command and exits with its code. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Main())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((failure, line, parsed) -> {
                    if (failure instanceof IOException || failure instanceof IllegalArgumentException) {
                        line.getErr().println("secondsite: " + failure.getMessage());
                    } else {
                        failure.printStackTrace(line.getErr());
                    }
                    return 1;
                })
                .execute(arguments));
    }
}
