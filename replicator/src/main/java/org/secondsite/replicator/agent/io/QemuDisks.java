package org.secondsite.replicator.agent.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.secondsite.config.DiskAttachment;
import org.secondsite.replicator.agent.VmDisk;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.replicator.agent.VmStart;
import org.secondsite.replicator.disk.MirrorTargets;

/**
 * The disks of a QEMU, as of when it was last asked. One thread asks; any may have them named.
 *
 * <p>Asked is about what is plugged in, not about the command line: disks come and go while the VM runs.
 */
final class QemuDisks {
    private final QmpClient qmp;
    private final Map<String, DiskAttachment> attachments;
    private final Map<String, Path> sockets;
    private final Map<String, String> otherNames;
    private final long timeoutMs;
    private volatile List<VmDisk> known = List.of();
    private List<String> media = List.of();

    QemuDisks(QmpClient qmp, VmSettings settings, long timeoutMs) {
        this.qmp = qmp;
        this.attachments = settings.disks();
        this.sockets = settings.volumes().sockets();
        this.otherNames = settings.start() instanceof VmStart.Domain domain ? domain.diskNames() : Map.of();
        this.timeoutMs = timeoutMs;
    }

    /** Asks QEMU for its disks: the first reason not to checkpoint a VM that has them, empty if there is none. */
    Optional<String> refusal() throws IOException, InterruptedException {
        look();
        return known.stream()
                .flatMap(disk -> disk.refusal(attachments, sockets).stream())
                .findFirst();
    }

    /** Asks QEMU for its disks. */
    void look() throws IOException, InterruptedException {
        List<VmDisk> found = new ArrayList<>();
        for (JsonNode device : qmp.execute("query-block", Map.of(), timeoutMs)) {
            String path = device.path("qdev").asText();
            VmDisk.of(device, property(path, "type"), property(path, "werror"))
                    .map(this::named)
                    .ifPresent(found::add);
        }
        known = List.copyOf(found);
        media = found.stream()
                .filter(VmDisk::isReadOnlyMedium)
                .map(MediumPrint::of)
                .toList();
    }

    /** The media that the guest only reads, as of the last look: the other site has to have the same. */
    List<String> media() {
        return media;
    }

    /** Looks again: what has come of these media since the last look, or is gone; empty if nothing. */
    Optional<String> changedMedia() throws IOException, InterruptedException {
        List<String> before = media;
        look();
        String changes = Stream.concat(
                        media.stream().filter(one -> !before.contains(one)).map(one -> one + " has come"),
                        before.stream().filter(one -> !media.contains(one)).map(one -> one + " is gone"))
                .collect(Collectors.joining(", "));
        return changes.isEmpty()
                ? Optional.empty()
                : Optional.of(changes + " since the other site was asked whether it has the same");
    }

    private VmDisk named(VmDisk disk) {
        return disk.names().stream()
                .filter(otherNames::containsKey)
                .findFirst()
                .map(name -> disk.alsoCalled(otherNames.get(name)))
                .orElse(disk);
    }

    /** The disks of the VM's own that are to be mirrored to the agent, by their configured names. */
    Map<String, VmDisk> tapped() {
        Map<String, VmDisk> tapped = new TreeMap<>();
        for (VmDisk disk : known) {
            disk.declaredAs(attachments)
                    .filter(name -> attachments.get(name) == DiskAttachment.TAP)
                    .filter(name -> disk.isGuestWritable() && !disk.isServed(sockets))
                    .ifPresent(name -> tapped.put(name, disk));
        }
        return tapped;
    }

    /** Whether the VM runs on the wrong one of two disks: its own, and the agent's image. */
    Optional<String> misplaced(MirrorTargets images) {
        return known.stream()
                .flatMap(disk -> disk.misplaced(attachments, sockets, images::isMirror).stream())
                .findFirst();
    }

    /** A property of a device, empty if it has none of that name. */
    private String property(String device, String name) throws IOException, InterruptedException {
        if (device.isEmpty()) {
            return "";
        }
        try {
            return qmp.execute("qom-get", Map.of("path", device, "property", name), timeoutMs)
                    .asText();
        } catch (QmpClient.QmpError none) {
            return "";
        }
    }

    /** What failed, by a BLOCK_IO_ERROR's data. Source: QEMU's qapi/block-core.json. */
    String failure(JsonNode data) {
        String node = data.path("node-name").asText();
        String drive = data.path("device").asText();
        String disk = known.stream()
                .filter(one -> one.names().contains(node) || one.names().contains(drive))
                .map(VmDisk::toString)
                .findFirst()
                .orElse("disk " + (drive.isEmpty() ? node : drive));
        return data.path("operation").asText() + " error of " + disk + ": "
                + data.path("reason").asText();
    }

    /** The disks that a pause flushes, for an operator; empty if there are none. */
    String writable() {
        return known.stream()
                .filter(VmDisk::isGuestWritable)
                .map(VmDisk::toString)
                .collect(Collectors.joining(", "));
    }
}
