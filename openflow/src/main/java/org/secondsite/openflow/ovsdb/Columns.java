package org.secondsite.openflow.ovsdb;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Reads the values of a row's columns (RFC 7047 §5.1). A set of one stands as its element; what is of another kind counts as absent. */
record Columns(JsonNode row) {
    String text(String column) {
        return first(column).map(JsonNode::asText).orElse("");
    }

    boolean isTrue(String column) {
        return row.path(column).asBoolean(false);
    }

    OptionalLong number(String column) {
        return first(column)
                .filter(JsonNode::isIntegralNumber)
                .map(node -> OptionalLong.of(node.asLong()))
                .orElse(OptionalLong.empty());
    }

    /** The ids of the rows that the column names. */
    List<String> ids(String column) {
        return elements(row.path(column)).stream()
                .filter(Columns::isId)
                .map(id -> id.get(1).asText())
                .toList();
    }

    /** A map from texts or numbers to texts. */
    Map<String, String> map(String column) {
        Map<String, String> map = new LinkedHashMap<>();
        JsonNode node = row.path(column);
        if (node.path(0).asText().equals("map")) {
            for (JsonNode pair : node.path(1)) {
                JsonNode value = pair.path(1);
                map.put(pair.path(0).asText(), isId(value) ? value.get(1).asText() : value.asText());
            }
        }
        return map;
    }

    private Optional<JsonNode> first(String column) {
        return elements(row.path(column)).stream().findFirst();
    }

    private static List<JsonNode> elements(JsonNode node) {
        if (!node.path(0).asText().equals("set")) {
            return node.isMissingNode() ? List.of() : List.of(node);
        }
        List<JsonNode> elements = new ArrayList<>();
        node.path(1).forEach(elements::add);
        return elements;
    }

    private static boolean isId(JsonNode node) {
        return node.isArray() && node.size() == 2 && node.get(0).asText().equals("uuid");
    }
}
