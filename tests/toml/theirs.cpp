// SPDX-License-Identifier: Apache-2.0
// What toml++ makes of files, in the form of ours.c.
#include <cstdio>
#include <string>

#include <toml++/toml.h>

static void hex(const std::string &text)
{
	for (unsigned char c : text)
		std::printf("%02x", c);
}

// Our tables are dotted names; their keys with dots or quotes would not be unambiguous, so a file of the
// corpus has none.
static void walk(const toml::table &table, const std::string &name)
{
	for (const auto &[key, node] : table) {
		const std::string k(key.str());

		if (const auto *sub = node.as_table()) {
			if (sub->is_inline()) {
				std::printf("other\n");
				continue;
			}
			walk(*sub, name.empty() ? k : name + "." + k);
			continue;
		}
		hex(name);
		std::printf("\t");
		hex(k);
		std::printf("\t");
		if (const auto *string = node.as_string()) {
			std::printf("s");
			hex(string->get());
		} else if (const auto *integer = node.as_integer()) {
			std::printf("i%lld", static_cast<long long>(integer->get()));
		} else if (const auto *boolean = node.as_boolean()) {
			std::printf("b%d", boolean->get() ? 1 : 0);
		} else if (const auto *array = node.as_array()) {
			std::printf("a");
			for (const auto &element : *array) {
				std::printf(" ");
				hex(element.value_or(std::string("?")));
			}
		} else {
			std::printf("other");
		}
		std::printf("\n");
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		std::printf("== %s\n", argv[i]);
		try {
			walk(toml::parse_file(argv[i]), "");
		} catch (const toml::parse_error &error) {
			std::string text(error.description());

			for (char &c : text)
				c = c < ' ' ? ' ' : c;
			std::printf("refused: %s\n", text.c_str());
		}
	}
	return 0;
}
