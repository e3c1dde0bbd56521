package org.secondsite.appliance;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The product's commands. Exit codes: 0 done, 1 the answer is no (a file with errors, a gateway that cannot be reached), 2
 * the command line is wrong.
 */
@Command(
        name = "secondsite",
        description = "Disaster-tolerance gateway.",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        version = "SecondSite Gateway 0.1.0",
        subcommands = {
            GatewayCommand.class,
            WitnessCommand.class,
            AgentCommand.class,
            CheckCommand.class,
            StatusCommand.class,
            TimelineCommand.class,
            SwitchoverCommand.class,
            BufferCommand.class,
            BgpCommand.class
        })
public final class Main implements Runnable {
    @Spec
    private CommandSpec spec;

    private Main() {}

    /** Runs a command and exits with its code. */
    public static void main(String[] arguments) {
        System.exit(execute(arguments));
    }

    /** Runs a command. */
    public static int execute(String... arguments) {
        return new CommandLine(new Main())
                .setExecutionExceptionHandler((failure, line, parsed) -> {
                    line.getErr().println("secondsite: " + reason(failure));
                    return 1;
                })
                .execute(arguments);
    }

    private static String reason(Exception failure) {
        return failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? (see --help)");
    }
}
