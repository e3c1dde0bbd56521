package org.secondsite.openflow.ovsdb;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The rows of a switch's database that matter here, kept as its updates say. */
final class Database {
    /** More rows than a switch of ten thousand ports has. */
    private static final int MAX_ROWS = 100_000;

    /** What is asked for. */
    static final Map<String, List<String>> COLUMNS = Map.of(
            "Bridge",
                    List.of("name", "datapath_id", "fail_mode", "other_config", "controller", "mirrors", "flow_tables"),
            "Controller", List.of("target", "max_backoff", "inactivity_probe"),
            "Mirror", List.of("name", "select_all", "select_src_port", "select_dst_port", "output_port"),
            "Port", List.of("name", "interfaces"),
            "Interface", List.of("ofport"),
            "Flow_Table", List.of("flow_limit"));

    private final Map<String, Map<String, Columns>> tables = new HashMap<>();
    private int rows;

    /**
     * Takes table updates (RFC 7047 §4.1.6); whether there is still room.
     *
     * @param updates by table and row
     */
    boolean take(JsonNode updates) {
        updates.properties().forEach(table -> {
            Map<String, Columns> known = tables.computeIfAbsent(table.getKey(), _ -> new HashMap<>());
            table.getValue().properties().forEach(row -> {
                JsonNode next = row.getValue().path("new");
                rows -= known.remove(row.getKey()) == null ? 0 : 1;
                if (next.isObject() && rows < MAX_ROWS) {
                    known.put(row.getKey(), new Columns(next));
                    rows++;
                }
            });
        });
        return rows < MAX_ROWS;
    }

    /** The bridge with this datapath id. */
    Optional<Bridge> bridge(long datapathId) {
        String wanted = "%016x".formatted(datapathId);
        return table("Bridge").entrySet().stream()
                .filter(row -> row.getValue().text("datapath_id").equalsIgnoreCase(wanted))
                .findFirst()
                .map(row -> bridge(row.getKey(), row.getValue()));
    }

    private Bridge bridge(String id, Columns row) {
        Map<Integer, Long> limits = new HashMap<>();
        row.map("flow_tables").forEach((number, table) -> {
            Columns limit = table("Flow_Table").get(table);
            if (limit != null && limit.number("flow_limit").isPresent() && number.matches("\\d{1,3}")) {
                limits.put(Integer.parseInt(number), limit.number("flow_limit").getAsLong());
            }
        });
        return new Bridge(
                id,
                row.text("name"),
                row.text("fail_mode"),
                row.map("other_config").getOrDefault("disable-in-band", "").equals("true"),
                rows("Controller", row.ids("controller")).stream()
                        .map(found -> new Bridge.Controller(
                                found.getKey(),
                                found.getValue().text("target"),
                                found.getValue().number("max_backoff"),
                                found.getValue().number("inactivity_probe")))
                        .toList(),
                rows("Mirror", row.ids("mirrors")).stream()
                        .map(found -> mirror(found.getKey(), found.getValue()))
                        .toList(),
                limits);
    }

    private Bridge.Mirror mirror(String id, Columns row) {
        List<String> selected = new ArrayList<>(row.ids("select_src_port"));
        selected.addAll(row.ids("select_dst_port"));
        return new Bridge.Mirror(
                id, row.text("name"), row.isTrue("select_all"), ports(selected), ports(row.ids("output_port")));
    }

    /** By name and by number, as a port may be given either way. */
    private Set<String> ports(List<String> ids) {
        Set<String> ports = new HashSet<>();
        for (Map.Entry<String, Columns> port : rows("Port", ids)) {
            ports.add(port.getValue().text("name"));
            for (Map.Entry<String, Columns> device :
                    rows("Interface", port.getValue().ids("interfaces"))) {
                device.getValue().number("ofport").ifPresent(number -> ports.add(Long.toString(number)));
            }
        }
        return ports;
    }

    private List<Map.Entry<String, Columns>> rows(String table, List<String> ids) {
        return ids.stream()
                .filter(table(table)::containsKey)
                .map(id -> Map.entry(id, table(table).get(id)))
                .toList();
    }

    private Map<String, Columns> table(String name) {
        return tables.getOrDefault(name, Map.of());
    }
}
