package org.secondsite.replicator.agent.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a VM is made of, as its QEMU tells it, for people: MACs and disks. */
final class QemuMachine {
    private static final int MAX_SHOWN = 8;

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
