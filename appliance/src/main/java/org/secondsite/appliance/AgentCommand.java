package org.secondsite.appliance;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.DiskAttachment;
import org.secondsite.config.VmId;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.net.life.io.ProcessEnd;
import org.secondsite.net.tls.io.CertificateWatch;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.DomainXml;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.replicator.agent.VmStart;
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

    private static List<VmSettings> vms(AgentConfig settings) throws IOException {
        List<VmSettings> vms = new ArrayList<>();
        for (AgentConfig.Vm vm : settings.vms()) {
            vms.add(vm(settings, vm));
        }
        return vms;
    }

    private static VmSettings vm(AgentConfig settings, AgentConfig.Vm vm) throws IOException {
        AgentConfig.Machine.Qemu qemu;
        VmStart start;
        Map<String, DiskAttachment> disks = new HashMap<>();
        switch (vm.machine()) {
            case AgentConfig.Machine.Qemu one -> {
                qemu = one;
                start = new VmStart.Command(one.command());
            }
            case AgentConfig.Machine.Domain domain -> {
                DomainXml xml = domain(vm.id(), domain);
                Path pidFile = settings.runDirectory().resolve(vm.id() + ".pid");
                qemu = new AgentConfig.Machine.Qemu(
                        Optional.empty(), xml.ramBytes(), xml.monitor(), pidFile, List.of());
                start = new VmStart.Domain(domain.xml(), domain.uri(), xml.diskNames());
                xml.disks().stream()
                        .filter(DomainXml.Disk::shareable)
                        .forEach(disk -> disks.put(disk.target(), DiskAttachment.SHARED));
            }
        }
        vm.disks().forEach(disk -> disks.put(disk.name(), disk.attachment()));
        return new VmSettings(
                vm.id(),
                qemu.ramFile(),
                qemu.ramBytes(),
                qemu.qmpSocket(),
                qemu.pidFile(),
                start,
                vm.dirtyPages(),
                disks,
                volumes(settings, vm),
                settings.runDirectory());
    }

    private static DomainXml domain(VmId vm, AgentConfig.Machine.Domain domain) throws IOException {
        try {
            DomainXml xml = DomainXml.parse(Files.readString(domain.xml(), StandardCharsets.UTF_8));
            LOG.info(
                    "{}: libvirt's domain {}, {} MiB, network {}, disks {}",
                    vm,
                    xml.name(),
                    xml.ramBytes() >> 20,
                    xml.macs(),
                    xml.disks());
            return xml;
        } catch (IllegalArgumentException wrong) {
            throw new IOException(domain.xml() + " " + wrong.getMessage(), wrong);
        } catch (NoSuchFileException none) {
            throw new IOException(
                    vm + ": there is no " + domain.xml()
                            + ": have libvirt define the domain, or name its description by start",
                    none);
        }
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
