package org.secondsite.appliance;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.net.life.io.ProcessEnd;
import org.secondsite.net.tls.io.CertificateWatch;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.replicator.agent.io.CheckpointAgent;
import org.secondsite.replicator.disk.VolumeSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code secondsite agent}. */
@Command(name = "agent", description = "Run the checkpoint agent beside a hypervisor.")
final class AgentCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(AgentCommand.class);

    @Option(names = "--config", required = true, paramLabel = "FILE", description = "The agent's configuration file.")
    private Path config;

    @Override
    public Integer call() throws Exception {
        AgentConfig settings = Configurations.require(ConfigReader.readAgent(config));
        GatewayAccess gateway = new GatewayAccess(settings.gateway(), settings.proof());
        settings.proof().ifPresent(proof -> CertificateWatch.open(proof.tls(), what -> LOG.error("{}", what)));
        CheckpointAgent agent = CheckpointAgent.open(
                new AgentSettings(gateway, vms(settings), settings.stateDirectory()), new ProcessEnd("agent"));
        Daemon.serve("agent", agent, FileAgain.take(config, settings, ConfigReader::readAgent, (running, wanted) -> {
            refuseRestarts(running, wanted);
            agent.alter(vms(wanted));
        }));
        return 0;
    }

    /** All but the VMs is of the whole process. */
    private static void refuseRestarts(AgentConfig running, AgentConfig wanted) throws IOException {
        List<String> restarts = new ArrayList<>();
        FileAgain.compare("gateway", running.gateway(), wanted.gateway(), restarts);
        FileAgain.compare("site and tls", running.proof(), wanted.proof(), restarts);
        FileAgain.compare("runDirectory", running.runDirectory(), wanted.runDirectory(), restarts);
        FileAgain.compare("stateDirectory", running.stateDirectory(), wanted.stateDirectory(), restarts);
        FileAgain.refuse(restarts);
    }

    private static List<VmSettings> vms(AgentConfig settings) {
        return settings.vms().stream()
                .map(vm -> new VmSettings(
                        vm.id(),
                        vm.ramFile(),
                        vm.ramBytes(),
                        vm.qmpSocket(),
                        vm.pidFile(),
                        vm.command(),
                        vm.dirtyPages(),
                        vm.disks().stream()
                                .collect(Collectors.toMap(AgentConfig.Disk::name, AgentConfig.Disk::attachment)),
                        volumes(settings, vm),
                        settings.runDirectory()))
                .toList();
    }

    /** Those of a VM's disks that the agent serves. */
    static VolumeSettings volumes(AgentConfig settings, AgentConfig.Vm vm) {
        List<VolumeSettings.Served> served = vm.disks().stream()
                .flatMap(disk -> disk.served().stream()
                        .map(at -> new VolumeSettings.Served(disk.name(), at.file(), at.socket(), disk.attachment())))
                .toList();
        return served.isEmpty()
                ? VolumeSettings.NONE
                : new VolumeSettings(
                        served,
                        settings.stateDirectory().orElseThrow(),
                        vm.durability(),
                        VolumeSettings.USUAL_MEMORY_BYTES,
                        vm.copyBytesPerSecond());
    }
}
