package org.secondsite.appliance;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.replicator.disk.VolumeSettings;
import org.secondsite.replicator.disk.io.ColdDisks;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code secondsite activate}. */
@Command(
        name = "activate",
        description = {
            "Make a standby's disks those of a VM that is to be booted on them, when the replica of its RAM is lost and the other"
                    + " site is, too.",
            "The disks are those of the last epoch that this site had kept, as after a loss of power at its end. The agent must not"
                    + " run. What the VM did after that epoch is lost, and so is what it had told anybody about it."
        })
final class ActivateCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--config", required = true, paramLabel = "FILE", description = "The agent's configuration file.")
    private Path config;

    @Option(
            names = "--cold",
            required = true,
            description = "Without RAM. There is no other way by hand: with RAM the gateways do it.")
    private boolean cold;

    @Option(names = "--vm", required = true, paramLabel = "NAME", description = "The VM.")
    private String vm;

    @Option(
            names = "--reason",
            required = true,
            paramLabel = "TEXT",
            description = "Why. It is written beside the disks.")
    private String reason;

    @Override
    public Integer call() throws Exception {
        AgentConfig settings = Configurations.require(ConfigReader.readAgent(config));
        VmId id = new VmId(vm);
        AgentConfig.Vm found = settings.vms().stream()
                .filter(each -> each.id().equals(id))
                .findFirst()
                .orElseThrow(() -> wrong("no VM '" + vm + "' is configured here"));
        VolumeSettings volumes = AgentCommand.volumes(settings, found);
        if (volumes.disks().isEmpty()) {
            throw wrong(vm + " has no disks that are served");
        }
        if (!cold || reason.isBlank()) {
            throw wrong("a reason has to be given");
        }
        EpochId epoch = ColdDisks.take(id, volumes, reason.strip());
        spec.commandLine()
                .getOut()
                .println("The disks of " + vm + " are those of epoch " + epoch
                        + ". Start the agent, which serves them, and then the VM without -incoming.");
        return 0;
    }

    private ParameterException wrong(String what) {
        return new ParameterException(spec.commandLine(), what);
    }
}
