/**
 * From the text of a configuration file to frozen settings, or to the list of all that is wrong with it.
 *
 * <p>{@link org.secondsite.config.yaml.Document} knows YAML and places; {@link org.secondsite.config.yaml.Section} reads
 * one mapping key by key; one class per kind of file knows its keys and the rules between them. Pure: no file is opened
 * here.
 */
package org.secondsite.config.yaml;
