"""The demo shop: a seller of tea and coffee, three years of it, the same every time.

chance.py and days.py say how chance and time go, people.py who comes and when they order. The other modules turn that
into facts, one module a theme; shop.py puts them together and says in which order they are sent, by service.py.
"""
