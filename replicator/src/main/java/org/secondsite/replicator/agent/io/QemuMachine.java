package org.secondsite.replicator.agent.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.secondsite.replicator.agent.VmMachine;

/** What a VM is made of, as its QEMU tells it. */
final class QemuMachine {
    private static final int MAX_SHOWN = 8;
    private static final String CHILD = "child<";

    private final QmpClient qmp;
    private final long timeoutMs;

    QemuMachine(QmpClient qmp, long timeoutMs) {
        this.qmp = qmp;
        this.timeoutMs = timeoutMs;
    }

    /** Such as {@code ; network 52:54:00:12:34:56; disks drive0 1024 MiB}; empty if there is neither. */
    String words() throws IOException, InterruptedException {
        return listed("network", macs()) + listed("disks", disks());
    }

    /** All but its disks, as of now. Source: QEMU's qapi/machine.json, migration.json, qom.json and tpm.json. */
    VmMachine look() throws IOException, InterruptedException {
        List<VmMachine.Memory> memories = new ArrayList<>();
        for (JsonNode memory : ask("query-memdev")) {
            memories.add(new VmMachine.Memory(
                    memory.path("id").asText(),
                    memory.path("size").asLong(),
                    memory.path("share").asBoolean()));
        }
        JsonNode processors = ask("query-cpus-fast");
        JsonNode size = ask("query-memory-size-summary");
        List<String> blockers = new ArrayList<>();
        ask("query-migrate").path("blocked-reasons").forEach(reason -> blockers.add(reason.asText()));
        return new VmMachine(
                property("/machine", "type").asText(),
                memories,
                size.path("base-memory").asLong() + size.path("plugged-memory").asLong(),
                new VmMachine.Processors(
                        processors.size(),
                        property(processors.path(0).path("qom-path").asText(), "type")
                                .asText()),
                blockers,
                devices(),
                slots(),
                tpms());
    }

    private JsonNode ask(String command) throws IOException, InterruptedException {
        return qmp.execute(command, Map.of(), timeoutMs);
    }

    private JsonNode property(String object, String name) throws IOException, InterruptedException {
        return qmp.execute("qom-get", Map.of("path", object, "property", name), timeoutMs);
    }

    /** Of the first bus alone: those behind bridges have no numbers before the guest's firmware has given them. */
    private List<String> slots() throws IOException, InterruptedException {
        List<String> slots = new ArrayList<>();
        for (JsonNode device : ask("query-pci").path(0).path("devices")) {
            slots.add(String.format(
                    "%x.%x %04x:%04x",
                    device.path("slot").asInt(),
                    device.path("function").asInt(),
                    device.path("id").path("vendor").asInt(),
                    device.path("id").path("device").asInt()));
        }
        return slots;
    }

    /** Its bus, and its slot if that is a PCI bus. */
    private String place(String device) throws IOException, InterruptedException {
        String bus;
        try {
            bus = property(device, "parent_bus").asText();
        } catch (QmpClient.QmpError none) {
            return "";
        }
        String name = bus.substring(bus.lastIndexOf('/') + 1);
        try {
            int slot = property(device, "addr").asInt();
            return slot < 0 ? name : String.format("%s %x.%x", name, slot >> 3, slot & 7);
        } catch (QmpClient.QmpError none) {
            return name;
        }
    }

    /** Named ones, and those that nobody has named. */
    private List<VmMachine.Device> devices() throws IOException, InterruptedException {
        List<VmMachine.Device> devices = new ArrayList<>();
        for (String container : List.of("/machine/peripheral", "/machine/peripheral-anon")) {
            for (JsonNode child : qmp.execute("qom-list", Map.of("path", container), timeoutMs)) {
                String type = child.path("type").asText();
                if (type.startsWith(CHILD) && type.endsWith(">")) {
                    String name = child.path("name").asText();
                    devices.add(new VmMachine.Device(
                            name, type.substring(CHILD.length(), type.length() - 1), place(container + "/" + name)));
                }
            }
        }
        return devices;
    }

    private List<String> tpms() throws IOException, InterruptedException {
        List<String> tpms = new ArrayList<>();
        try {
            ask("query-tpm").forEach(tpm -> tpms.add(tpm.path("model").asText()));
        } catch (QmpClient.QmpError built) {
            return List.of(); // this QEMU was built without
        }
        return tpms;
    }

    private static String listed(String what, List<String> names) {
        if (names.isEmpty()) {
            return "";
        }
        List<String> shown = names.subList(0, Math.min(MAX_SHOWN, names.size()));
        int more = names.size() - shown.size();
        return "; " + what + " " + String.join(", ", shown) + (more > 0 ? " and " + more + " more" : "");
    }

    /** Of the cards that tell; QEMU refuses the question where there is none. */
    private List<String> macs() throws IOException, InterruptedException {
        List<String> macs = new ArrayList<>();
        try {
            for (JsonNode card : qmp.execute("query-rx-filter", Map.of(), timeoutMs)) {
                macs.add(card.path("main-mac").asText());
            }
        } catch (QmpClient.QmpError none) {
            return List.of();
        }
        return macs;
    }

    private List<String> disks() throws IOException, InterruptedException {
        List<String> disks = new ArrayList<>();
        for (JsonNode device : qmp.execute("query-block", Map.of(), timeoutMs)) {
            JsonNode inserted = device.path("inserted");
            if (!inserted.isMissingNode()) {
                disks.add(name(device) + " "
                        + size(inserted.path("image").path("virtual-size").asLong()));
            }
        }
        return disks;
    }

    /** As whoever started the VM calls it; a node that QEMU itself has named says nothing. */
    private static String name(JsonNode device) {
        String node = device.path("inserted").path("node-name").asText();
        String drive = device.path("device").asText();
        if (!node.isEmpty() && !node.startsWith("#")) {
            return node;
        }
        return drive.isEmpty() ? device.path("qdev").asText() : drive;
    }

    private static String size(long bytes) {
        return bytes < 1 << 20 ? (bytes >> 10) + " KiB" : (bytes >> 20) + " MiB";
    }
}
