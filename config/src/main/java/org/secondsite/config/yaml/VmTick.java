package org.secondsite.config.yaml;

import java.util.List;
import java.util.Optional;
import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/** The tick of one VM in the text of a gateway's file. Everything else of the text, comments included, stays as it is. */
public final class VmTick {
    private static final String KEY = "protected";

    private final String text;
    private final Optional<GroupId> group;
    private final VmId vm;

    /**
     * The tick of a VM.
     *
     * @param text a file that was read without a problem
     * @param group where the VM has to be; empty: in whatever group it is
     */
    public VmTick(String text, Optional<GroupId> group, VmId vm) {
        this.text = text;
        this.group = group;
        this.vm = vm;
    }

    /**
     * The text with the VM ticked.
     *
     * @throws IllegalArgumentException if there is no such VM
     */
    public String ticked() {
        return with("true");
    }

    /**
     * The text with the VM not ticked.
     *
     * @throws IllegalArgumentException if there is no such VM
     */
    public String unticked() {
        return with("false");
    }

    private String with(String word) {
        MappingNode at = find();
        for (NodeTuple entry : at.getValue()) {
            if (scalar(entry.getKeyNode()).equals(KEY)) {
                return scalar(entry.getValueNode()).equals(word) ? text : replaced(entry.getValueNode(), word);
            }
        }
        if (word.equals("true")) {
            return text;
        }
        int first = index(at.getValue().getFirst().getKeyNode().getStartMark());
        // Before the first key: in a line of keys, or on a line of its own that begins like the one that follows.
        int line = text.lastIndexOf('\n', first - 1) + 1;
        String before = text.substring(line, first);
        boolean flow = at.getFlowStyle() == FlowStyle.FLOW;
        String inserted = KEY + ": " + word + (flow ? ", " : "\n" + " ".repeat(before.length()));
        return text.substring(0, first) + inserted + text.substring(first);
    }

    private String replaced(Node value, String word) {
        return text.substring(0, index(value.getStartMark())) + word + text.substring(index(value.getEndMark()));
    }

    private int index(Optional<Mark> mark) {
        // The library counts code points.
        return text.offsetByCodePoints(0, mark.orElseThrow().getIndex());
    }

    private MappingNode find() {
        try {
            LoadSettings settings = LoadSettings.builder().build();
            StreamReader reader = new StreamReader(settings, text);
            Node root = new Composer(settings, new ShallowParser(new ParserImpl(settings, reader)))
                    .getSingleNode()
                    .orElseThrow(() -> new IllegalArgumentException("the file is empty"));
            return items(root, "groups").stream()
                    .filter(at -> group.isEmpty() || name(at).equals(group.get().name()))
                    .flatMap(at -> items(at, "vms").stream())
                    .filter(at -> name(at).equals(vm.name()))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("there is no VM '" + vm + "'"
                            + group.map(id -> " in group '" + id + "'").orElse(" in the gateway's file")
                            + ": add it with 'config commit' first"));
        } catch (YamlEngineException e) {
            throw new IllegalArgumentException("not YAML: " + e.getMessage(), e);
        }
    }

    private static List<MappingNode> items(Node mapping, String key) {
        return value(mapping, key)
                .filter(SequenceNode.class::isInstance)
                .map(list -> ((SequenceNode) list)
                        .getValue().stream()
                                .filter(MappingNode.class::isInstance)
                                .map(MappingNode.class::cast)
                                .toList())
                .orElse(List.of());
    }

    private static String name(Node mapping) {
        return value(mapping, "name").map(VmTick::scalar).orElse("");
    }

    private static Optional<Node> value(Node mapping, String key) {
        return mapping instanceof MappingNode node
                ? node.getValue().stream()
                        .filter(entry -> scalar(entry.getKeyNode()).equals(key))
                        .map(NodeTuple::getValueNode)
                        .findFirst()
                : Optional.empty();
    }

    private static String scalar(Node node) {
        return node instanceof ScalarNode scalar ? scalar.getValue() : "";
    }
}
