package org.secondsite.config.yaml;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.Problem;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/** The text of one configuration file, and the problems found in it so far. */
public final class Document {
    private final String file;
    private final Path directory;
    private final String text;
    private final List<Problem> problems = new ArrayList<>();

    /**
     * Takes the text; nothing is parsed yet.
     *
     * @param file the file's name for problems
     * @param directory what relative paths in the file are resolved against
     * @param text the whole content
     */
    public Document(String file, Path directory, String text) {
        this.file = file;
        this.directory = directory;
        this.text = text;
    }

    /**
     * Reads the document with {@code reading} and answers its value, unless anything was wrong.
     *
     * <p>While problems are collected, a value that could not be read stands as {@code null} in the unfinished settings;
     * such settings never leave this method.
     */
    <T> ConfigResult<T> read(Function<Section, T> reading) {
        Optional<Node> root = compose();
        T config = null;
        if (root.isPresent() && root.get() instanceof MappingNode mapping) {
            Section section = new Section(this, "", mapping);
            config = reading.apply(section);
            section.refuseUnknownKeys();
        } else if (root.isPresent()) {
            problem(root.get(), "", "must be a mapping of keys to values");
        } else if (problems.isEmpty()) {
            problems.add(new Problem(file, 1, 1, "", "the file is empty"));
        }
        return problems.isEmpty()
                ? new ConfigResult.Valid<>(config)
                : new ConfigResult.Invalid<>(
                        problems.stream().sorted().distinct().toList());
    }

    private Optional<Node> compose() {
        try {
            LoadSettings settings = LoadSettings.builder().setLabel(file).build();
            StreamReader reader = new StreamReader(settings, text);
            return new Composer(settings, new ShallowParser(new ParserImpl(settings, reader))).getSingleNode();
        } catch (MarkedYamlEngineException e) {
            // The problem mark is where the parser stumbled; what it was reading then is the context.
            Optional<Mark> mark = e.getProblemMark().or(e::getContextMark);
            String what = e.getContext() == null ? e.getProblem() : e.getProblem() + " (" + e.getContext() + ")";
            problems.add(new Problem(
                    file,
                    mark.map(m -> m.getLine() + 1).orElse(1),
                    mark.map(m -> m.getColumn() + 1).orElse(1),
                    "",
                    "is not YAML: " + what));
        } catch (YamlEngineException e) {
            problems.add(new Problem(file, 1, 1, "", "is not YAML: " + e.getMessage()));
        }
        return Optional.empty();
    }

    void problem(Node at, String path, String message) {
        int line = at.getStartMark().map(m -> m.getLine() + 1).orElse(1);
        int column = at.getStartMark().map(m -> m.getColumn() + 1).orElse(1);
        problems.add(new Problem(file, line, column, path, message));
    }

    Path resolved(String path) {
        return directory.resolve(path).normalize();
    }
}
