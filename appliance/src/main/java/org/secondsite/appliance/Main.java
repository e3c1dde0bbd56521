package org.secondsite.appliance;

import java.util.Set;
import org.secondsite.appliance.log.LogQueue;
import org.secondsite.net.linux.Confinement;
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
        version = "SecondSite Gateway 0.1.0")
public final class Main implements Runnable {
    private static final Set<String> DAEMONS = Set.of("gateway", "agent", "witness");

    @Spec
    private CommandSpec spec;

    private Main() {}

    /** Runs a command and exits with its code. */
    public static void main(String[] arguments) {
        if (isDaemon(arguments)) {
            Confinement.enter();
            LogQueue.takeStandardStreams();
        }
        System.exit(execute(arguments));
    }

    /** Runs a command. */
    public static int execute(String... arguments) {
        return commands(arguments)
                .setExecutionExceptionHandler((failure, line, parsed) -> {
                    line.getErr().println("secondsite: " + reason(failure));
                    return 1;
                })
                .execute(arguments);
    }

    /**
     * The commands that these arguments can mean. A daemon's class path has its own modules only, and the others' commands cannot even be
     * looked at there.
     */
    private static CommandLine commands(String... arguments) {
        CommandLine main = new CommandLine(new Main());
        switch (arguments.length == 0 ? "" : arguments[0]) {
            case "gateway" -> main.addSubcommand(new GatewayCommand());
            case "agent" -> main.addSubcommand(new AgentCommand());
            case "witness" ->
                main.addSubcommand(isDaemon(arguments) ? new CommandLine(new WitnessCommand()) : witness());
            default ->
                main.addSubcommand(new GatewayCommand())
                        .addSubcommand(witness())
                        .addSubcommand(new AgentCommand())
                        .addSubcommand(new CheckCommand())
                        .addSubcommand(new StatusCommand())
                        .addSubcommand(new TimelineCommand())
                        .addSubcommand(new SwitchoverCommand())
                        .addSubcommand(new VouchCommand())
                        .addSubcommand(new VmsCommand())
                        .addSubcommand(new TickCommand.Protect())
                        .addSubcommand(new TickCommand.Unprotect())
                        .addSubcommand(new ActivateCommand())
                        .addSubcommand(new ConfigCommand())
                        .addSubcommand(new BufferCommand())
                        .addSubcommand(new BgpCommand())
                        .addSubcommand(openflow());
        }
        return main;
    }

    private static boolean isDaemon(String... arguments) {
        return arguments.length > 1
                && DAEMONS.contains(arguments[0])
                && (arguments[1].startsWith("--config") || arguments[1].equals("--initialize"));
    }

    private static CommandLine openflow() {
        return new CommandLine(new OpenFlowCommand()).setCaseInsensitiveEnumValuesAllowed(true);
    }

    private static CommandLine witness() {
        return new CommandLine(new WitnessCommand())
                .addSubcommand(new WitnessStatusCommand())
                .addSubcommand(new WitnessForceCommand())
                .addSubcommand(new WitnessRecoverCommand())
                .addSubcommand(new WitnessBackupCommand())
                .addSubcommand(new WitnessRestoreCommand());
    }

    private static String reason(Exception failure) {
        return failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? (see --help)");
    }
}
