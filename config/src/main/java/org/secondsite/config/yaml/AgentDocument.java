package org.secondsite.config.yaml;

import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.DirtyPages;
import org.secondsite.config.DiskAttachment;
import org.secondsite.config.Durability;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;

/** The keys of an agent's file and the rules between them. */
public final class AgentDocument {
    private static final String RAM_FILE = "ramFile";
    private static final String START = "start";
    private static final String LIBVIRT = "qemu:///system";
    private static final List<String> OF_QEMU = List.of(RAM_FILE, "ramMiB", "qmpSocket", "pidFile", "command");
    private static final String SOCKET = "gatewaySocket";
    private static final int MAX_RAM_MIB = 1 << 22;
    private static final int MAX_SERVED = 8;
    private static final int MAX_COPY_MIB = 1 << 20;

    private AgentDocument() {}

    /** Reads an agent's file. */
    public static ConfigResult<AgentConfig> read(Document document) {
        return document.read(AgentDocument::config);
    }

    private static AgentConfig config(Section root) {
        Optional<Path> state =
                root.has("stateDirectory") ? Optional.ofNullable(root.file("stateDirectory")) : Optional.empty();
        Path run = root.file("runDirectory");
        List<AgentConfig.Vm> vms = vms(root, run);
        boolean serves = vms.stream()
                .flatMap(vm -> vm.disks().stream())
                .anyMatch(disk -> disk.attachment() != null && disk.attachment().isServed());
        if (serves && !root.has("stateDirectory")) {
            root.problem("stateDirectory", "is missing: disks are served, and their journals need a place");
        }
        return new AgentConfig(gateway(root), proof(root), run, state, vms);
    }

    private static SocketAddress gateway(Section root) {
        if (root.has(SOCKET)) {
            root.forbid("gateway", "has no meaning beside gatewaySocket: an agent has one gateway");
            Path socket = root.socket(SOCKET);
            return socket == null ? null : UnixDomainSocketAddress.of(socket);
        }
        return root.endpoint("gateway");
    }

    private static Optional<AgentConfig.Proof> proof(Section root) {
        if (root.has(SOCKET)) {
            for (String key : List.of("tls", "site", "allowPlaintext")) {
                root.forbid(key, "has no meaning beside gatewaySocket: the kernel says who is at the other end");
            }
            return Optional.empty();
        }
        if (root.flag("allowPlaintext", false)) {
            root.forbid("tls", "has no meaning beside allowPlaintext: an agent speaks TLS, or it does not");
            root.forbid("site", "has no meaning beside allowPlaintext: nobody proves to be its gateway");
            return Optional.empty();
        }
        return Optional.of(new AgentConfig.Proof(root.value("site", SiteId::new), TlsReading.read(root)));
    }

    private static List<AgentConfig.Vm> vms(Section root, Path run) {
        Unique<VmId> names = new Unique<>();
        Unique<Path> files = new Unique<>();
        List<AgentConfig.Vm> vms = new ArrayList<>();
        for (Section section : root.sections("vms")) {
            VmId id = section.value("name", VmId::new);
            AgentConfig.Vm vm = new AgentConfig.Vm(
                    id,
                    machine(section, id),
                    section.optional("dirtyPages", AgentDocument::dirtyPages).orElse(DirtyPages.AUTO),
                    disks(section, run, files),
                    section.optional("durability", AgentDocument::durability).orElse(Durability.DISK),
                    copyLimit(section));
            names.add(vm.id(), section, "name");
            if (vm.machine() instanceof AgentConfig.Machine.Qemu qemu) {
                qemu.ramFile().ifPresent(file -> files.add(file, section, RAM_FILE));
                files.add(qemu.qmpSocket(), section, "qmpSocket");
                files.add(qemu.pidFile(), section, "pidFile");
            }
            vms.add(vm);
        }
        return vms;
    }

    /** One that says nothing of how it is started is the domain of its name that libvirt has defined. */
    private static AgentConfig.Machine machine(Section vm, VmId id) {
        if (!vm.has(START) && OF_QEMU.stream().anyMatch(vm::has)) {
            return new AgentConfig.Machine.Qemu(
                    ramFile(vm),
                    vm.integer("ramMiB", 1, MAX_RAM_MIB) << 20,
                    vm.socket("qmpSocket"),
                    vm.file("pidFile"),
                    vm.argv("command"));
        }
        for (String key : OF_QEMU) {
            vm.forbid(key, "has no meaning beside start: libvirt's domain says it");
        }
        if (!vm.has(START)) {
            return new AgentConfig.Machine.Domain(Path.of("/etc/libvirt/qemu", id + ".xml"), LIBVIRT);
        }
        Section start = vm.section(START);
        return new AgentConfig.Machine.Domain(
                start.file("libvirt"), start.optional("uri", AgentDocument::uri).orElse(LIBVIRT));
    }

    /** Empty: wherever QEMU has it, or a problem was found. */
    private static Optional<Path> ramFile(Section vm) {
        Optional<String> said = vm.optional(RAM_FILE, text -> text);
        boolean isFound = said.equals(Optional.of("auto")) || (vm.has(RAM_FILE) && said.isEmpty());
        return isFound ? Optional.empty() : Optional.ofNullable(vm.file(RAM_FILE));
    }

    private static String uri(String text) {
        if (!text.matches("[!-~]{1,200}")) {
            throw new IllegalArgumentException(
                    "must be a connection of libvirt's, such as " + LIBVIRT + ", not " + Values.shown(text));
        }
        return text;
    }

    private static long copyLimit(Section vm) {
        return vm.has("copyMiBPerSecond") ? vm.integer("copyMiBPerSecond", 1, MAX_COPY_MIB) << 20 : 0;
    }

    private static List<AgentConfig.Disk> disks(Section vm, Path run, Unique<Path> files) {
        Unique<String> names = new Unique<>();
        List<AgentConfig.Disk> disks = new ArrayList<>();
        for (Section section : vm.optionalSections("disks")) {
            DiskAttachment attachment = section.value("attach", AgentDocument::attachment);
            boolean serves = attachment != null && attachment.isServed();
            String name = serves ? section.value("name", AgentDocument::servedName) : section.text("name");
            AgentConfig.Disk disk = new AgentConfig.Disk(
                    name,
                    attachment,
                    serves ? Optional.of(served(section, run, vm.text("name") + "." + name, files)) : Optional.empty());
            names.add(disk.name(), section, "name");
            disks.add(disk);
        }
        if (disks.stream().filter(disk -> disk.served().isPresent()).count() > MAX_SERVED) {
            vm.problem("disks", "has more than " + MAX_SERVED + " that are served");
        }
        return disks;
    }

    private static AgentConfig.Served served(Section disk, Path run, String export, Unique<Path> files) {
        Path usual = run == null ? null : run.resolve(export + ".nbd");
        AgentConfig.Served served =
                new AgentConfig.Served(disk.file("file"), disk.has("socket") ? disk.socket("socket") : usual);
        files.add(served.file(), disk, "file");
        files.add(served.socket(), disk, "socket");
        return served;
    }

    /** It stands in the names of files, and in the protocol. */
    private static String servedName(String text) {
        if (!text.matches("[A-Za-z0-9_-]{1,64}")) {
            throw new IllegalArgumentException(
                    "must be 1 to 64 letters, digits, '-' and '_', not " + Values.shown(text));
        }
        return text;
    }

    private static Durability durability(String text) {
        return Durability.valueOf(Values.oneOf(List.of("disk", "memory"), text).toUpperCase(Locale.ROOT));
    }

    private static DiskAttachment attachment(String text) {
        return DiskAttachment.valueOf(
                Values.oneOf(List.of("shared", "serve", "tap"), text).toUpperCase(Locale.ROOT));
    }

    private static DirtyPages dirtyPages(String text) {
        return DirtyPages.valueOf(Values.oneOf(List.of("auto", "compare"), text).toUpperCase(Locale.ROOT));
    }
}
