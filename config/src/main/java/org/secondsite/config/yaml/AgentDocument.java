package org.secondsite.config.yaml;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.DirtyPages;
import org.secondsite.config.DiskAttachment;
import org.secondsite.config.VmId;

/** The keys of an agent's file and the rules between them. */
public final class AgentDocument {
    private static final int MAX_RAM_MIB = 1 << 22;

    private AgentDocument() {}

    /** Reads an agent's file. */
    public static ConfigResult<AgentConfig> read(Document document) {
        return document.read(AgentDocument::config);
    }

    private static AgentConfig config(Section root) {
        return new AgentConfig(root.endpoint("gateway"), root.file("runDirectory"), vms(root));
    }

    private static List<AgentConfig.Vm> vms(Section root) {
        Unique<VmId> names = new Unique<>();
        Unique<Path> files = new Unique<>();
        List<AgentConfig.Vm> vms = new ArrayList<>();
        for (Section section : root.sections("vms")) {
            AgentConfig.Vm vm = new AgentConfig.Vm(
                    section.value("name", VmId::new),
                    section.file("ramFile"),
                    section.integer("ramMiB", 1, MAX_RAM_MIB) << 20,
                    section.socket("qmpSocket"),
                    section.file("pidFile"),
                    section.argv("command"),
                    section.optional("dirtyPages", AgentDocument::dirtyPages).orElse(DirtyPages.AUTO),
                    disks(section));
            names.add(vm.id(), section, "name");
            files.add(vm.ramFile(), section, "ramFile");
            files.add(vm.qmpSocket(), section, "qmpSocket");
            files.add(vm.pidFile(), section, "pidFile");
            vms.add(vm);
        }
        return vms;
    }

    private static List<AgentConfig.Disk> disks(Section vm) {
        Unique<String> names = new Unique<>();
        List<AgentConfig.Disk> disks = new ArrayList<>();
        for (Section section : vm.optionalSections("disks")) {
            AgentConfig.Disk disk =
                    new AgentConfig.Disk(section.text("name"), section.value("attach", AgentDocument::attachment));
            names.add(disk.name(), section, "name");
            disks.add(disk);
        }
        return disks;
    }

    private static DiskAttachment attachment(String text) {
        return DiskAttachment.valueOf(Values.oneOf(List.of("shared"), text).toUpperCase(Locale.ROOT));
    }

    private static DirtyPages dirtyPages(String text) {
        return DirtyPages.valueOf(Values.oneOf(List.of("auto", "compare"), text).toUpperCase(Locale.ROOT));
    }
}
