package org.secondsite.buffer.io.kernel;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What must not be on an interface whose frames the rules are to stop. */
final class InterfaceChecks {
    private InterfaceChecks() {}

    /**
     * Things that would see a frame before the tap or the rules do, in words; empty when there are none and the
     * interface is up.
     */
    static List<String> beforeTheTap(String name) throws IOException {
        List<String> problems = new ArrayList<>();
        String link = Commands.run("ip -d link show dev " + name);
        if (!link.contains(",UP")) {
            problems.add(name + " is not up");
        }
        if (link.contains(" master ")) {
            problems.add(name + " belongs to a bridge or bond");
        }
        if (link.contains("xdp")) {
            problems.add(name + " has an XDP program, which comes before the tap");
        }
        if (!Commands.run("tc filter show dev " + name + " ingress").isBlank()) {
            problems.add(name + " has traffic-control filters, which come before the rules");
        }
        return problems;
    }
}
