package org.secondsite.replicator.agent;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.secondsite.config.DiskAttachment;

/**
 * A block device of a VM with a medium in it, as QEMU tells of it, and whether the VM can be checkpointed with it.
 *
 * <p>A checkpoint is RAM and device state. A VM that goes on from one beside a disk of another time notices nothing, and
 * overwrites what was written in between: so a disk that the guest can write must get to the other site by itself, or the VM
 * is not checkpointed at all.
 *
 * @param names what it can be called by: its device's id, its drive's name, the name of its block node, as far as it has
 *     them; never empty
 * @param file what is behind it, in QEMU's words
 * @param writable whether its block node can be written
 * @param deviceType the QOM type of its device, empty if there is no such thing
 * @param writeErrors what happens to the VM when a write fails, in the words of the device's property {@code werror}, empty
 *     if it has none
 * @param node the name of its block node, whoever gave it
 * @param bytes its size, 0 if QEMU does not tell
 */
public record VmDisk(
        List<String> names,
        String file,
        boolean writable,
        String deviceType,
        String writeErrors,
        String node,
        long bytes) {
    /** Devices that never write, whatever their medium. */
    private static final Set<String> READERS = Set.of("ide-cd", "scsi-cd");
    /** Flash memory: QEMU keeps its content in RAM blocks of its own, which are part of the device state. */
    private static final Set<String> IN_DEVICE_STATE = Set.of("cfi.pflash01", "cfi.pflash02");

    private static final String PERIPHERAL = "/machine/peripheral/";
    private static final String STOPS = "stop";

    /** Copies the list. */
    public VmDisk {
        names = List.copyOf(names);
    }

    /**
     * Reads one entry of the answer to {@code query-block}. Source: BlockInfo of QEMU's qapi/block-core.json.
     *
     * @return empty if no medium is in the device
     */
    public static Optional<VmDisk> of(JsonNode blockInfo, String deviceType, String writeErrors) {
        JsonNode medium = blockInfo.path("inserted");
        if (!medium.isObject()) {
            return Optional.empty();
        }
        List<String> names = new ArrayList<>();
        String device = blockInfo.path("qdev").asText();
        if (device.startsWith(PERIPHERAL)) {
            // A virtio disk is a part of the device that has the id.
            names.add(device.substring(PERIPHERAL.length()).split("/", 2)[0]);
        } else if (!device.startsWith("/")) {
            add(names, device);
        }
        add(names, blockInfo.path("device").asText());
        add(names, medium.path("node-name").asText());
        if (names.isEmpty()) {
            names.add(device);
        }
        return Optional.of(new VmDisk(
                names,
                medium.path("file").asText(),
                !medium.path("ro").asBoolean(),
                deviceType,
                writeErrors,
                medium.path("node-name").asText(),
                medium.path("image").path("virtual-size").asLong()));
    }

    /** The same disk with another name besides, after those that it has. */
    public VmDisk alsoCalled(String name) {
        List<String> more = new ArrayList<>(names);
        add(more, name);
        return new VmDisk(more, file, writable, deviceType, writeErrors, node, bytes);
    }

    private static void add(List<String> names, String name) {
        // A node that nobody has named has a name that begins so, and another one every time.
        if (!name.isEmpty() && !name.startsWith("#") && !names.contains(name)) {
            names.add(name);
        }
    }

    /** Whether the guest can change what is on it, and that is not part of the device state. */
    public boolean isGuestWritable() {
        return writable && !READERS.contains(deviceType) && !IN_DEVICE_STATE.contains(deviceType);
    }

    /** Whether it is a medium that a device of the VM only reads, and that is not part of the device state. */
    public boolean isReadOnlyMedium() {
        return !deviceType.isEmpty() && !isGuestWritable() && !IN_DEVICE_STATE.contains(deviceType);
    }

    /**
     * Why a VM with this disk must not be checkpointed, in one line that says what to do; empty if nothing is against it.
     *
     * @param attachments how disks get to the other site, by one of their names
     * @param sockets where those that the agent serves are served
     */
    public Optional<String> refusal(Map<String, DiskAttachment> attachments, Map<String, Path> sockets) {
        if (!isGuestWritable()) {
            return Optional.empty();
        }
        Optional<String> declared = declaredAs(attachments);
        if (declared.isEmpty()) {
            return Optional.of(this
                    + " is writable and not carried to the other site: remove it or make it read-only; if both sites have"
                    + " the same disk, declare it 'shared' in the agent's configuration");
        }
        return switch (attachments.get(declared.get())) {
            case SHARED -> Optional.empty();
            case SERVE -> servedRefusal(sockets);
            case TAP -> isServed(sockets) ? servedRefusal(sockets) : Optional.empty();
        };
    }

    /** The name by which it is declared, empty if it is not. */
    public Optional<String> declaredAs(Map<String, DiskAttachment> attachments) {
        return names.stream().filter(attachments::containsKey).findFirst();
    }

    /** Whether the agent serves it, rather than that the VM has a disk of its own. */
    public boolean isServed(Map<String, Path> sockets) {
        return names.stream()
                .filter(sockets::containsKey)
                .anyMatch(name -> file.contains(sockets.get(name).toString()));
    }

    /**
     * Whether the VM runs on the wrong one of two disks, its own and the agent's image, in one line that says what to do. It may have
     * gone on from the image since it had its own last, and an image that is a copy may not be whole.
     *
     * @param isCopy whether the image of a disk is a copy of one that the VM has of its own
     */
    public Optional<String> misplaced(
            Map<String, DiskAttachment> attachments, Map<String, Path> sockets, Predicate<String> isCopy) {
        Optional<String> name =
                declaredAs(attachments).filter(one -> attachments.get(one).isServed() && isGuestWritable());
        if (name.isEmpty() || isServed(sockets) != isCopy.test(name.get())) {
            return Optional.empty();
        }
        return Optional.of(
                isServed(sockets)
                        ? this
                                + " is the agent's copy of a disk that the VM had of its own, and may not be whole: start the VM"
                                + " on its own disk"
                        : this + " is older than the agent's image of it, on which the VM ran last: connect it to "
                                + sockets.get(name.get())
                                + " by NBD, or, to lose what was written there, delete the image's"
                                + " .super and .dirty while the agent is down");
    }

    private Optional<String> servedRefusal(Map<String, Path> sockets) {
        // What is written past the agent would be missing at the other site.
        if (!isServed(sockets)) {
            return Optional.of(this + " is declared 'serve' and is not the agent's: connect it to "
                    + names.stream()
                            .map(sockets::get)
                            .filter(Objects::nonNull)
                            .findFirst()
                            .map(Path::toString)
                            .orElse("it")
                    + " by NBD");
        }
        // Else the guest would get an I/O error while its disk server restarts.
        return writeErrors.equals(STOPS)
                ? Optional.empty()
                : Optional.of(this + " is served by the agent and must stop the VM when a write fails: give its device"
                        + " werror=stop,rerror=stop");
    }

    /** The disk, for an operator. */
    @Override
    public String toString() {
        return "disk " + names.getFirst() + " (" + file + ")";
    }
}
